#include <semlink/app/profile_report.h>

#include <algorithm>
#include <ostream>
#include <string>

#include <semlink/core/format.h>

namespace semlink {
namespace {

/// Shorter remainders are the cost of looking at the clock.
constexpr double kShownRest = 0.005;

struct Totals {
  double trials = 0;
  double nanoseconds = 0;
  double peak_flops = 0;
};

void print_row(std::ostream& out, const std::string& name, std::int64_t nanoseconds, std::int64_t macs,
               const Totals& totals) {
  out << format("%-22s %12.2f %7.1f %%", name.c_str(), static_cast<double>(nanoseconds) / totals.trials * 1e-3,
                100 * static_cast<double>(nanoseconds) / totals.nanoseconds);
  if (macs > 0) {
    const double flops = 2 * static_cast<double>(macs) / (static_cast<double>(nanoseconds) * 1e-9);
    out << format(" %12.3f %9.1f %7.0f %%", static_cast<double>(macs) / totals.trials * 1e-6, flops * 1e-9,
                  100 * flops / totals.peak_flops);
  }
  out << "\n";
}

void print_stages(std::ostream& out, const Profile::Stage& stage, int depth, const Totals& totals) {
  const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
  std::int64_t rest = stage.nanoseconds, rest_macs = stage.macs;
  for (const auto& inner : stage.inside) {
    print_row(out, indent + inner->name, inner->nanoseconds, inner->macs, totals);
    print_stages(out, *inner, depth + 1, totals);
    rest -= inner->nanoseconds;
    rest_macs -= inner->macs;
  }
  const bool shows = depth > 0 && !stage.inside.empty();
  if (shows && static_cast<double>(rest) > kShownRest * totals.nanoseconds)
    print_row(out, indent + "rest", rest, rest_macs, totals);
}

}  // namespace

void print_profile(std::ostream& out, const Profile& profile, double peak_flops) {
  Totals totals{.peak_flops = peak_flops};
  for (const auto& stage : profile.root().inside) {
    totals.trials = std::max(totals.trials, static_cast<double>(stage->calls));
    totals.nanoseconds += static_cast<double>(stage->nanoseconds);
  }
  if (totals.trials == 0) {
    out << "no trial ran, so there is nothing to profile\n";
    return;
  }
  out << format("profile of %.0f trials, %.1f us each; peak of a core: %.1f GFLOP/s\n%-22s %12s %9s %12s %9s %9s\n",
                totals.trials, totals.nanoseconds / totals.trials * 1e-3, peak_flops * 1e-9, "stage", "us/trial",
                "time", "MMAC/trial", "GFLOP/s", "of peak");
  print_stages(out, profile.root(), 0, totals);
}

}  // namespace semlink
