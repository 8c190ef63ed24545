#pragma once

#include <atomic>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include <semlink/core/keys.h>
#include <semlink/record/result_file.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// What to keep, and where: section `[record]` and the options of the command line.
struct RecordSettings {
  /// What to do when the output exists.
  enum class IfExists { refuse, resume, replace };

  std::string trials = "none";  ///< `record.trials`: rows of single trials for none, all, or the first N of each point
  std::filesystem::path output;
  IfExists if_exists = IfExists::refuse;
  double checkpoint_s = 10;  ///< `run.checkpoint_s`: between two times that the journal is put on the disk

  /// Declares `record.trials` and `run.checkpoint_s`; output and options are the caller's.
  void declare(Keys& keys);
  /// Trials of each point that get a row. Throws Error(bad_scenario) for a bad `trials`.
  std::int64_t num_rows() const;
};

/// A sweep to be run into a file.
struct RecordedSweep {
  Grid grid;
  std::optional<Shard> shard;  ///< the part of it to be run; empty: all
  RunSettings run;
  RecordSettings record;
  Provenance provenance;
  MakePoint make_point;
  TableView view;
  std::string command_line;   ///< for group /run
  std::string full_scenario;  ///< resolved scenario text with everything, for group /run
  std::string scenario_folder;  ///< where relative paths in it start, for group /run
  bool quiet = false;          ///< show neither table nor progress, only the path of the result and what is wrong
  std::ostream* log = nullptr;  ///< also gets everything that is shown, as plain lines; may be null
};

/// How it went, from good to bad.
enum class RecordedEnd {
  complete,     ///< the whole job is done
  ledger_off,   ///< done, but at some point the measured powers are not what they should be
  interrupted,  ///< what is complete is on the disk
};

/// Runs a sweep and shows it on `out`. What is done goes to a journal beside the output (`r.h5.journal`), and to the result file
/// when the sweep ends, also when a trial throws or `stop` becomes true; the journal is gone then. A run that was killed goes on
/// from its journal. The path of the result is the last line. Throws Error(bad_file) when the output exists and must not, when it
/// cannot be resumed, or when another run is writing it; nothing is overwritten then.
RecordedEnd run_recorded(const RecordedSweep& sweep, std::ostream& out, bool is_terminal, const std::atomic<bool>& stop);

}  // namespace semlink
