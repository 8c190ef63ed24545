#pragma once

#include <memory>
#include <string>
#include <vector>

#include <semlink/app/link_builder.h>
#include <semlink/app/plugins.h>
#include <semlink/app/scenario.h>
#include <semlink/app/scenario_text.h>
#include <semlink/record/provenance.h>
#include <semlink/sweep/grid.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// A scenario that has been checked, with its grid of points. It must outlive the points it makes.
class Job {
 public:
  /// Checks every key, value and axis, and builds the link of every point once, so that what is wrong shows before a run begins.
  /// Throws Error(bad_scenario | bad_file) that begins with file and line where a line is to blame.
  Job(const Plugins& plugins, ScenarioText text);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// The settings without the axes.
  const Scenario& scenario() const { return *scenario_; }
  const Grid& grid() const { return grid_; }
  /// Samples of the smallest source of any point; 0 when none has an end.
  std::int64_t min_samples() const { return min_samples_; }
  /// `source.path` of the first point whose source gives every split the same samples; empty where none does.
  const std::string& undivided_path() const { return undivided_path_; }
  /// What the table shows: classes and lost frames as soon as one point has them.
  const TableView& table_view() const { return view_; }

  /// Everything that runs trials of a point. Not for several threads at once.
  /// Stages note their times in `profiles` when it is given; it must outlive the run.
  PointRun make_point(std::size_t point, ProfilePool* profiles = nullptr);
  /// The link of a point and the address of a trial of it, as `make_point` uses them; not for several threads at once either.
  Link make_link(std::size_t point);
  TrialRng trial_rng(std::size_t point, std::uint64_t trial) const;

  /// Every key that does something at some point, in the order declared. Paths are no part of the identity: what lies there is,
  /// by its checksum.
  std::vector<Provenance::Setting> settings() const;

  /// The scenario written out: every setting and axis; `parse_scenario_text` reads it back to the same job, from
  /// `folder`.
  std::string resolved_text() const { return write_text(true); }
  /// The same without what does not change results (threads, paths, stop rules).
  std::string identity_text() const { return write_text(false); }

  /// Where relative paths on axes and in rules start; absolute.
  std::filesystem::path folder() const;

  /// Where the numbers of this job come from.
  Provenance provenance() const;

  /// Lines for keys that were given but do nothing at any point (`rician_k_db` under `channel.model = awgn`).
  std::vector<std::string> notes() const;

 private:
  const Scenario& scenario_at(std::size_t point) const;
  void make_grid();
  void exclude_points(const Assignment& line);
  void check_points();
  std::string write_text(bool complete) const;

  const Plugins& plugins_;
  ScenarioText text_;
  std::unique_ptr<Scenario> scenario_;
  std::unique_ptr<Scenario> at_point_;  // the settings of the point last asked for
  Grid grid_;
  std::string exclude_;  // the rule, written out
  LinkBuilder builder_;
  std::int64_t min_samples_ = 0;
  std::string undivided_path_;
  TableView view_;
  std::vector<std::string> active_;  // keys that do something at some point
};

}  // namespace semlink
