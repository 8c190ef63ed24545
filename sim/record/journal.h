#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <semlink/record/trial_rows.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// The trials of a point begin.
struct JournalStart {
  std::size_t point = 0;
  std::optional<double> snr_label_db;
  std::int64_t cluster_samples = 0;  ///< size of the source where errors are clustered by sample, else 0
  bool restarted = false;            ///< what was there of the point is void
};

/// A trial that took long, ahead of its block.
struct JournalTrial {
  std::size_t point = 0;
  std::int64_t trial = 0;
  LooseTrial slow;
};

/// A block, whole or as far as it is done.
struct JournalBlock {
  /// What a trial adds to the sums of its sample.
  struct SampleTrial {
    std::int64_t sample_id = 0;
    std::array<double, kNumColumns> values{};
  };

  std::size_t point = 0;
  std::int64_t first_trial = 0;     ///< of the block
  TrialSums sums;                   ///< of the block so far
  std::int64_t num_new = 0;         ///< its last trials, which no earlier record had
  double seconds = 0;               ///< spent in those
  std::vector<SampleTrial> trials;  ///< those, where errors are clustered by sample
  std::vector<TrialRow> rows;       ///< those, where trials are recorded
};

/// What a run has done since its result file was last written: an append-only file of records with checksums beside it.
/// A run that is killed loses what was not yet flushed; a record that was torn, and all behind it, is dropped.
///
/// The file is locked while the object lives, so that no two runs write one result, and is gone afterwards when it has
/// no record.
class Journal {
 public:
  /// What must be equal for the records to be used: names and values for people.
  using Identity = std::vector<std::pair<std::string, std::string>>;

  /// Opens the journal of the result at `result`, or makes it. Throws Error(bad_file) when another run holds it or it
  /// is no journal of this program, Error(io) when it cannot be written.
  explicit Journal(const std::filesystem::path& result);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  static std::filesystem::path path_of(const std::filesystem::path& result);

  /// Whether there are trials of an earlier session; points that were begun and have none are nothing to keep.
  bool has_trials() const;
  /// Why those cannot be used by a run with `current`: a sentence; empty when they can.
  std::string difference(const Identity& current) const;
  /// Whether those stand alone, the result file being void, rather than on top of it.
  bool stands_alone() const { return stands_alone_; }
  /// Gives those in order. Throws Error(bad_file) for a record that is whole but makes no sense.
  void replay(const std::function<void(const JournalStart&)>& on_start,
              const std::function<void(const JournalTrial&)>& on_trial,
              const std::function<void(JournalBlock&)>& on_block) const;

  /// Drops all records. The next ones begin a new journal of these.
  void restart(Identity identity, bool stands_alone);
  void append(const JournalStart& start);
  void append(const JournalTrial& trial);
  void append(const JournalBlock& block);
  /// Hands what was appended to the system: it outlives the program. Throws Error(io), the file ending with its last
  /// whole record.
  void flush();
  /// Puts what was flushed on the disk: it outlives the machine.
  void sync();

 private:
  void open();
  void read_head();
  void add_frame(const std::string& payload);
  std::optional<std::string> next_frame(std::uint64_t& offset) const;
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  Identity identity_;  // of the records in the file
  bool stands_alone_ = false;
  std::uint64_t first_record_ = 0;
  std::uint64_t end_ = 0;  // of the last whole record
  std::string buffer_;
  bool unsynced_ = false;
};

}  // namespace semlink
