#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include <semlink/sweep/sweep.h>

namespace semlink {

/// Shows a sweep to people: a table with one row per finished point, and below it, where the stream is a terminal, one live
/// line (points done, trials/s, time left, current point). Elsewhere a plain line now and then instead. Several streams may
/// watch the same sweep.
class SweepTerminal {
 public:
  SweepTerminal() = default;
  SweepTerminal(std::ostream& out, bool is_terminal) { add(out, is_terminal); }

  /// `out` must outlive the terminal.
  void add(std::ostream& out, bool is_terminal) { screens_.push_back({&out, is_terminal}); }

  /// The head of the table, and the rows of the points that are finished already.
  void start(const SweepState& state);
  void point(const SweepState& state, std::size_t point);
  /// Redraws at most ten times a second on a terminal, else every half minute.
  void progress(const SweepState& state, const Progress& progress);
  /// Removes the live line.
  void clear();

 private:
  struct Screen {
    std::ostream* out;
    bool is_terminal;
    double next_s = 0;
    bool line_shown = false;
  };
  static void clear(Screen& screen);
  static void progress(Screen& screen, const SweepState& state, const Progress& progress);

  std::vector<Screen> screens_;
};

/// The head and a row of the table, without line ends.
std::string table_head(const SweepState& state);
std::string table_row(const SweepState& state, std::size_t point);

/// `2 min 05 s`, rounded up to seconds; minutes only from an hour on.
std::string duration_text(double seconds);

/// One line of progress.
std::string progress_line(const SweepState& state, const Progress& progress);

}  // namespace semlink
