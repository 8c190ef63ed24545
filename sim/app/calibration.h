#pragma once

#include <atomic>
#include <iosfwd>
#include <memory>
#include <string>

#include <semlink/app/job.h>
#include <semlink/calibrate/risk_table.h>
#include <semlink/calibrate/selection.h>
#include <semlink/core/error.h>

namespace semlink {

/// Where the key's value stands, `c.ini:12: `; empty where nobody set it.
std::string origin_of(const ScenarioText& text, const std::string& key);
/// The scenario with this split in place of its own.
ScenarioText with_split(ScenarioText text, const std::string& split);
/// What to throw where parts of the data must be disjoint and the pictures at `path` serve every split; `subfolders`
/// are the parts.
Error undivided_error(const ScenarioText& text, const std::string& path, const std::string& subfolders);
/// Throws Error(bad_scenario) where the sweep leaves points out.
void require_whole_grid(const ScenarioText& text);

/// A scenario as `semlink calibrate` and `semlink verify` read it: the axes of its sweep are the mix of points that the
/// promise is for, each point equally likely, and the candidates are one more axis.
class Calibration {
 public:
  /// `split` takes the place of `source.split`; `candidates` is a list of values, empty for the one that the scenario
  /// has. Throws Error(bad_scenario) where the key is none of the receiver's gate policy, or is an axis already.
  Calibration(const Plugins& plugins, ScenarioText text, const std::string& split, std::string candidates);

  const calibrate::CalibrateSettings& settings() const { return job_->scenario().calibrate; }
  /// The values, as texts, the safest first.
  const std::vector<std::string>& candidates() const { return job_->grid().axes().back().texts; }
  std::size_t num_points() const { return job_->grid().num_points() / candidates().size(); }
  /// Of a point of the mix: `channel.snr_db = 10`; empty when there is one only.
  std::string point_label(std::size_t point) const;
  const Job& job() const { return *job_; }

  /// Runs `run.max_trials` trials, each with a point of the mix drawn at random. On the test split a trial is that of
  /// the same number in a run at its point with common random numbers; other splits have draws of their own.
  calibrate::RiskTable measure(std::ostream& out, bool is_terminal, const std::atomic<bool>& stop);

 private:
  std::uint64_t salt_;
  std::unique_ptr<Job> job_;
};

/// What a scenario must say so that its gate is the calibrated one: the lines of `[gate]`, with the promise as a
/// comment.
std::string calibrated_fragment(const Calibration& calibration, const calibrate::Selection& selection,
                                const std::string& command_line);

/// One row per candidate.
void print_candidates(std::ostream& out, const Calibration& calibration, const calibrate::Selection& selection);

/// Risk and cost of the only candidate at each point of the mix: the promise is for the mix, not for every point.
void print_points(std::ostream& out, const Calibration& calibration, const calibrate::RiskTable& table);

}  // namespace semlink
