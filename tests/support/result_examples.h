#pragma once

#include <semlink/record/recorded_sweep.h>

#include <atomic>
#include <chrono>
#include <sstream>
#include <string>
#include <thread>

#include "support/trials.h"

namespace semlink {

/// A sweep of two axes, 2 x 3 points, over example trials.
inline RecordedSweep example_sweep(const std::filesystem::path& output, std::int64_t max_trials = 100, int threads = 2) {
  RecordedSweep sweep;
  sweep.grid = Grid({Axis{.key = "channel.model", .texts = {"awgn", "rayleigh"}, .unit = "1", .long_name = "Model."},
                     Axis{.key = "channel.snr_db",
                          .kind = Axis::Kind::number,
                          .texts = {"0", "2.5", "5"},
                          .numbers = {0, 2.5, 5},
                          .unit = "dB",
                          .long_name = "Average Es/N0."}});
  sweep.run.max_trials = max_trials;
  sweep.run.threads = threads;
  sweep.record.output = output;
  sweep.provenance = build_provenance();
  sweep.provenance.seed = 1;
  sweep.provenance.scenario = "[sweep]\nchannel.model = awgn, rayleigh\nchannel.snr_db = 0, 2.5, 5\n";
  sweep.provenance.weights_checksum = "0badcafe";
  sweep.provenance.settings = {{"codec.model", "none", true}, {"run.threads", std::to_string(threads), false}};
  sweep.full_scenario = sweep.provenance.scenario + "\n[run]\nthreads = " + std::to_string(threads) + "\n";
  sweep.scenario_folder = "/home/somebody/scenarios";
  sweep.command_line = "semlink run example.ini";
  sweep.make_point = [](std::size_t point) {
    const double snr_db = 2.5 * static_cast<double>(point % 3);
    return PointRun{.run_trial = [snr_db](std::uint64_t trial) { return example_trial(snr_db, trial); }, .snr_label_db = snr_db};
  };
  return sweep;
}

/// The same with ten samples only.
inline RecordedSweep clustered_sweep(const std::filesystem::path& output, std::int64_t max_trials = 100, int threads = 2) {
  RecordedSweep sweep = example_sweep(output, max_trials, threads);
  sweep.make_point = [inner = sweep.make_point](std::size_t point) {
    PointRun run = inner(point);
    run.num_samples = 10;
    run.run_trial = [trial_of = run.run_trial](std::uint64_t trial) {
      TrialResult result = trial_of(trial);
      result.sample_id = static_cast<std::int64_t>(trial % 10);
      result.psnr_db += static_cast<double>(result.sample_id);
      return result;
    };
    return run;
  };
  return sweep;
}

/// Makes the sweep set `stop` when trial `trial` of point `point` is run.
inline void interrupt_at(RecordedSweep& sweep, std::size_t point, std::uint64_t trial, std::atomic<bool>& stop) {
  sweep.make_point = [inner = sweep.make_point, point, trial, &stop](std::size_t at) {
    PointRun run = inner(at);
    if (at == point)
      run.run_trial = [trial_of = run.run_trial, trial, &stop](std::uint64_t number) {
        if (number >= trial && !stop.exchange(true)) {
          // Until the sweep has heard of it: so that it does not finish all the same.
          for (int i = 0; i < 200; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return trial_of(number);
      };
    return run;
  };
}

inline RecordedEnd run_quietly(const RecordedSweep& sweep, std::string* shown = nullptr) {
  std::ostringstream out;
  const std::atomic<bool> stop = false;
  const RecordedEnd end = run_recorded(sweep, out, false, stop);
  if (shown) *shown = out.str();
  return end;
}

}  // namespace semlink
