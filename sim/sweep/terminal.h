#pragma once

#include <iosfwd>
#include <string>

#include <semlink/sweep/sweep.h>

namespace semlink {

/// Shows a sweep to people: a table with one row per finished point, and below it, where the stream is a terminal, one live
/// line (points done, trials/s, time left, current point). Elsewhere a plain line now and then instead.
class SweepTerminal {
 public:
  SweepTerminal(std::ostream& out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}

  /// The head of the table, and the rows of the points that are finished already.
  void start(const SweepState& state);
  void point(const SweepState& state, std::size_t point);
  /// Redraws at most ten times a second on a terminal, else every half minute.
  void progress(const SweepState& state, const Progress& progress);
  /// Removes the live line.
  void clear();

 private:
  std::ostream& out_;
  bool is_terminal_;
  double next_s_ = 0;
  bool line_shown_ = false;
};

/// The head and a row of the table, without line ends.
std::string table_head(const Grid& grid);
std::string table_row(const SweepState& state, std::size_t point);

/// One line of progress.
std::string progress_line(const SweepState& state, const Progress& progress);

}  // namespace semlink
