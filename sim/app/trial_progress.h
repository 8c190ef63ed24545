#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include <semlink/core/types.h>

namespace semlink {

/// Shows how far the trials are, ten times a second on a terminal, else every half minute.
class TrialProgress {
 public:
  TrialProgress(std::ostream& out, bool is_terminal, Index num_trials)
      : out_(out), is_terminal_(is_terminal), num_trials_(num_trials), next_(Clock::now() + interval()) {}

  void show(Index done) {
    const bool is_last = done == num_trials_;
    if (Clock::now() < next_ && !(is_last && shown_)) return;
    next_ = Clock::now() + interval();
    shown_ = true;
    const std::string line = std::to_string(done) + " of " + std::to_string(num_trials_) + " trials";
    if (is_terminal_)
      out_ << '\r' << (is_last ? "" : line) << "\x1b[K" << std::flush;
    else if (!is_last)
      out_ << line << std::endl;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::milliseconds interval() const { return std::chrono::milliseconds(is_terminal_ ? 100 : 30000); }

  std::ostream& out_;
  bool is_terminal_;
  Index num_trials_;
  Clock::time_point next_;
  bool shown_ = false;
};

}  // namespace semlink
