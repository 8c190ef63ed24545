#include <semlink/record/recorded_sweep.h>

#include <charconv>
#include <limits>
#include <ostream>

#include <semlink/core/error.h>
#include <semlink/record/recorder.h>
#include <semlink/sweep/terminal.h>

namespace semlink {
namespace {

void keep_after_failure(Recorder& recorder, const SweepState& state, std::ostream& out) {
  if (!recorder.has_news()) return;
  try {
    recorder.write(state);
  } catch (const Error& error) {
    out << "what is done stays in " << Journal::path_of(recorder.output()).string() << ": " << error.what() << '\n';
  }
}

RecordedEnd conclude(const SweepState& state, SweepEnd end, const Recorder& recorder,
                     const std::filesystem::path& output, std::ostream& out) {
  const std::size_t num_off = num_points_off(state);
  if (num_off > 0)
    out << "power ledger off at " << num_off << " of " << state.points.size() - state.grid.num_excluded()
        << " points (ledger_ok = 0): see the file\n";
  if (end == SweepEnd::interrupted && !recorder.has_file()) {
    out << "interrupted before the first " << kUnitTrials << " trials were done: nothing is written" << std::endl;
    return RecordedEnd::interrupted;
  }
  if (end == SweepEnd::interrupted) out << "interrupted: the same command goes on from here\n";
  out << output.string() << std::endl;
  if (end == SweepEnd::interrupted) return RecordedEnd::interrupted;
  return num_off > 0 ? RecordedEnd::ledger_off : RecordedEnd::complete;
}

}  // namespace

void RecordSettings::declare(Keys& keys) {
  keys.number("run.checkpoint_s", checkpoint_s)
      .unit("s")
      .range(0, 86400)
      .help(
          "Time between two checkpoints, when what is done goes to the disk: what a failing machine may cost. A "
          "program that is "
          "killed loses the trials that it runs and, of trials below 20 ms, the blocks under way.")
      .not_identity();
  keys.text("record.trials", trials)
      .help("Trials of each point that get a row of their own in the result: none, all, or how many.");
}

std::int64_t RecordSettings::num_rows() const {
  if (trials == "none") return 0;
  if (trials == "all") return std::numeric_limits<std::int64_t>::max();
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(trials.data(), trials.data() + trials.size(), count);
  if (error != std::errc() || end != trials.data() + trials.size() || count < 1)
    throw Error(ErrorCode::bad_scenario, "record.trials = " + trials + ": expected none, all or a number of trials");
  return count;
}

RecordedEnd run_recorded(const RecordedSweep& sweep, std::ostream& out, bool is_terminal,
                         const std::atomic<bool>& stop) {
  SweepTerminal terminal;
  if (!sweep.quiet) terminal.add(out, is_terminal);
  if (sweep.log) terminal.add(*sweep.log, false);
  Recorder recorder(sweep, terminal);
  SweepState state = recorder.open();
  terminal.start(state);
  SweepEnd end = SweepEnd::interrupted;
  try {
    end = run_sweep(state, settings_here(sweep), sweep.make_point, stop, &recorder);
  } catch (...) {
    terminal.clear();
    keep_after_failure(recorder, state, out);
    throw;
  }
  terminal.clear();
  // A shard may have nothing to do; the set is complete with its file all the same.
  if (recorder.has_news() || (end == SweepEnd::complete && !recorder.has_file())) recorder.write(state);
  if (sweep.log) conclude(state, end, recorder, sweep.record.output, *sweep.log);
  return conclude(state, end, recorder, sweep.record.output, out);
}

}  // namespace semlink
