#pragma once

#include <signal.h>

#include <atomic>
#include <thread>

namespace semlink {

/// While it lives, Ctrl-C and SIGTERM set a flag instead of ending the program, so that what is complete can be written; another
/// one a second later ends it at once (sooner ones are the same wish: `timeout` signals a program and then its group).
/// To be made before other threads: they inherit the blocked signals.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  const std::atomic<bool>& flag() const { return flag_; }

 private:
  void watch(std::stop_token end);

  sigset_t watched_;
  sigset_t before_;
  std::atomic<bool> flag_ = false;
  std::jthread thread_;
};

}  // namespace semlink
