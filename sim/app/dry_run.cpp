#include <semlink/app/dry_run.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <ostream>
#include <thread>

#include <semlink/core/format.h>
#include <semlink/record/result_size.h>
#include <semlink/sweep/terminal.h>

namespace semlink {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxProbes = 8;
constexpr std::size_t kMaxListed = 200;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<std::size_t> included_points(const Grid& grid) {
  std::vector<std::size_t> points;
  for (std::size_t point = 0; point < grid.num_points(); ++point)
    if (!grid.is_excluded(point)) points.push_back(point);
  return points;
}

/// Seconds per trial of a point with all threads at it.
double time_point(const PointRun& run, int num_threads, double budget_s, const std::atomic<bool>& stop) {
  run.run_trial(0);  // the first one fills caches
  std::atomic<std::uint64_t> num_trials = 0;
  std::mutex mutex;
  std::exception_ptr error;
  const Clock::time_point start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < num_threads; ++i)
      threads.emplace_back([&] {
        try {
          do {
            run.run_trial(num_trials++);
          } while (seconds_since(start) < budget_s && !stop);
        } catch (...) {
          const std::lock_guard lock(mutex);
          error = std::current_exception();
        }
      });
  }
  if (error) std::rethrow_exception(error);
  return seconds_since(start) / static_cast<double>(num_trials);
}

std::string bytes_text(double bytes) {
  const char* const kUnits[] = {"kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (bytes /= 1000; bytes >= 999.5 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1000;
  return format("%.3g %s", bytes, kUnits[unit]);
}

void print_points(std::ostream& out, const Grid& grid) {
  out << "points: " << grid.num_points() - grid.num_excluded();
  if (grid.num_excluded() > 0) out << ", " << grid.num_excluded() << " excluded";
  out << "\n";
  if (grid.axes().empty()) return;
  const std::size_t num_listed = grid.num_points() <= kMaxListed ? grid.num_points() : kMaxListed / 2;
  for (std::size_t point = 0; point < num_listed; ++point)
    out << "  " << point << "  " << grid.label(point) << (grid.is_excluded(point) ? "  (excluded)" : "") << "\n";
  if (num_listed == grid.num_points()) return;
  out << "  ... and " << grid.num_points() - num_listed - 1 << " more, the last of them\n";
  out << "  " << grid.num_points() - 1 << "  " << grid.label(grid.num_points() - 1)
      << (grid.is_excluded(grid.num_points() - 1) ? "  (excluded)" : "") << "\n";
}

}  // namespace

SpeedProbe probe_speed(Job& job, double seconds, const std::atomic<bool>& stop) {
  const std::vector<std::size_t> points = included_points(job.grid());
  const std::size_t num_probes = std::min(kMaxProbes, points.size());
  SpeedProbe probe;
  double sum = 0;
  for (std::size_t i = 0; i < num_probes && !stop; ++i) {
    const std::size_t point = points[(2 * i + 1) * points.size() / (2 * num_probes)];
    sum += time_point(job.make_point(point), job.scenario().run.num_threads(),
                      seconds / static_cast<double>(num_probes), stop);
    ++probe.num_points;
  }
  if (probe.num_points > 0) probe.seconds_per_trial = sum / static_cast<double>(probe.num_points);
  return probe;
}

void print_plan(std::ostream& out, const Job& job, const SpeedProbe& probe, const std::filesystem::path& output) {
  const RunSettings& run = job.scenario().run;
  const Grid& grid = job.grid();
  const auto num_points = static_cast<std::int64_t>(grid.num_points() - grid.num_excluded());
  const std::int64_t num_trials = std::min(num_points * run.max_trials, run.total_trials.value_or(num_points * run.max_trials));
  const bool may_end_early = has_targets(run) || run.max_time_s || run.has_quiet_axis() || run.is_adaptive();
  const char* const bound = may_end_early ? "at most " : "";
  print_points(out, grid);
  out << "trials: " << bound << run.max_trials << " per point, " << num_trials << " in all\n";
  const int num_threads = run.num_threads();
  out << "time: " << bound << "about " << duration_text(static_cast<double>(num_trials) * probe.seconds_per_trial)
      << " on " << num_threads << (num_threads == 1 ? " thread" : " threads") << " ("
      << format("%.3g", 1 / probe.seconds_per_trial) << " trials/s, measured at " << probe.num_points
      << (probe.num_points == 1 ? " point)\n" : " points)\n");
  ResultExtent extent{.num_blocks = num_points * num_blocks(run.max_trials)};
  extent.num_rows = num_points * std::min(run.max_trials, job.scenario().record.num_rows());
  out << "result: at most " << bytes_text(estimate_result_bytes(grid, extent)) << ", " << output.string() << "\n";
}

}  // namespace semlink
