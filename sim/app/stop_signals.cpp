#include <semlink/app/stop_signals.h>

#include <time.h>
#include <unistd.h>

namespace semlink {

StopSignals::StopSignals() {
  sigemptyset(&watched_);
  sigaddset(&watched_, SIGINT);
  sigaddset(&watched_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  thread_ = std::jthread([this](std::stop_token end) { watch(end); });
}

StopSignals::~StopSignals() {
  thread_.request_stop();
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::watch(std::stop_token end) {
  const timespec wait{.tv_sec = 0, .tv_nsec = 50'000'000};
  while (!end.stop_requested()) {
    const int signal = sigtimedwait(&watched_, nullptr, &wait);
    if (signal <= 0) continue;
    if (flag_.exchange(true)) _exit(128 + signal);
  }
}

}  // namespace semlink
