#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <semlink/link/trial_result.h>

namespace semlink {

/// A variable of group /trials.
struct TrialVariable {
  std::string_view name;
  std::string_view units;
  std::string_view long_name;
  bool is_integer = false;
  bool optional = false;  ///< a real that is left out of files whose rows all lack it
};

inline constexpr std::size_t kNumTrialVariables = 39 + kNumRecordedExperts;

/// In the order of the file; the first two are `point` and `trial`.
std::span<const TrialVariable, kNumTrialVariables> trial_variables();

/// One trial: a cell per variable, a double or a 64-bit integer by its bits.
using TrialRow = std::array<std::uint64_t, kNumTrialVariables>;

TrialRow make_trial_row(std::size_t point, std::int64_t trial, const TrialResult& result, std::optional<double> snr_label_db);

/// Rows of trials on their way into a file, kept in a nameless temporary file: memory does not grow with them.
///
/// Rows come in runs, one per block; a run that comes again replaces the earlier one. They are read back in order of point and
/// trial, whatever the order they came in.
class TrialSpool {
 public:
  /// The temporary file is made in `folder`; throws Error(io) when that cannot be.
  explicit TrialSpool(const std::filesystem::path& folder);
  ~TrialSpool();
  TrialSpool(const TrialSpool&) = delete;
  TrialSpool& operator=(const TrialSpool&) = delete;

  void append(std::size_t point, std::int64_t first_trial, std::span<const TrialRow> rows);
  /// Forgets the rows of a point from a trial on that begins a block.
  void drop(std::size_t point, std::int64_t from_trial = 0);
  std::size_t num_rows() const { return num_rows_; }

  /// Gives the rows in order, at most `max_rows` at a time; `take` is called with each batch, all but the last full.
  template <typename Take>
  void read(std::size_t max_rows, Take take) const {
    std::vector<TrialRow> batch;
    for (const auto& [key, run] : runs_) {
      for (std::size_t done = 0; done < run.count;) {
        const std::size_t count = std::min(run.count - done, max_rows - batch.size());
        batch.resize(batch.size() + count);
        read_at(run.offset + done, std::span(batch).last(count));
        done += count;
        if (batch.size() == max_rows) {
          take(std::span<const TrialRow>(batch));
          batch.clear();
        }
      }
    }
    if (!batch.empty()) take(std::span<const TrialRow>(batch));
  }

 private:
  struct Run {
    std::size_t offset = 0;  // rows from the start of the temporary file
    std::size_t count = 0;
  };
  void read_at(std::size_t offset, std::span<TrialRow> rows) const;

  int descriptor_ = -1;
  std::size_t end_ = 0;
  std::size_t num_rows_ = 0;
  std::map<std::pair<std::size_t, std::int64_t>, Run> runs_;
};

}  // namespace semlink
