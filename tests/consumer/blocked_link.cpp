// A project outside semlink: adds a channel of its own and sweeps over its key, through the installed library only.

#include <atomic>
#include <cmath>
#include <cstdio>

#include <semlink/app/job.h>

namespace {

/// Something stands in the way of whole frames: h = 0 with probability p, else sqrt(1 / (1 - p)), so that E|h|^2 = 1.
class BlockedChannel final : public semlink::Channel {
 public:
  explicit BlockedChannel(double probability) : probability_(probability) {}

  semlink::ChannelState realize(semlink::Index num_uses, const semlink::ChannelPoint& point,
                                const semlink::TrialRng& rng) const override {
    const bool is_blocked = rng.stream(semlink::Purpose::fade).uniform() < probability_;
    const double gain = is_blocked ? 0 : std::sqrt(1 / (1 - probability_));
    return with_noise(semlink::Symbols::Constant(num_uses, 1, static_cast<float>(gain)), point, rng);
  }

 private:
  double probability_;
};

/// `channel.model = blocked`.
class BlockedPlugin final : public semlink::Plugin<semlink::Channel> {
 public:
  void declare(semlink::Keys& keys) override {
    keys.number("channel.block_probability", probability_).range(0, 0.9).help("Share of frames that do not get through.");
  }
  std::unique_ptr<const semlink::Channel> make() const override { return std::make_unique<BlockedChannel>(probability_); }

 private:
  double probability_ = 0.1;
};

constexpr const char* kScenario = R"(
source.kind = builtin
codec.model = none
channel.model = blocked
channel.snr_db = 15
run.max_trials = 400

[sweep]
channel.block_probability = 0, 0.25, 0.5
)";

}  // namespace

int main() try {
  semlink::Plugins plugins = semlink::builtin_plugins();
  plugins.channels.add<BlockedPlugin>("blocked", "frames that get through whole or not at all");

  semlink::Job job(plugins, semlink::parse_scenario_text(kScenario, "blocked_link", ""));
  semlink::SweepState sweep = semlink::start_sweep(job.grid());
  const std::atomic<bool> stop = false;
  semlink::run_sweep(sweep, job.scenario().run, [&](std::size_t point) { return job.make_point(point); }, stop);

  const std::size_t psnr = semlink::column_index("psnr_db");
  for (std::size_t point = 0; point < sweep.points.size(); ++point) {
    const semlink::PointState& state = sweep.points[point];
    const semlink::Estimate estimate = semlink::estimate_column(psnr, state.total, state.clusters);
    const semlink::Estimate snr = semlink::estimate_snr_measured_db(state.total);
    std::printf("%s: PSNR %.2f dB, measured SNR %.2f dB\n", job.grid().label(point).c_str(), estimate.value, snr.value);
  }
} catch (const semlink::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
