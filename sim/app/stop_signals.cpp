#include <semlink/app/stop_signals.h>

#include <time.h>
#include <unistd.h>

#include <chrono>

namespace semlink {

StopSignals::StopSignals() {
  sigemptyset(&watched_);
  sigaddset(&watched_, SIGINT);
  sigaddset(&watched_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &watched_, &before_);
  // A limit on the size of files is then an error of the file that meets it, like a full disk.
  signal(SIGXFSZ, SIG_IGN);
  thread_ = std::jthread([this](std::stop_token end) { watch(end); });
}

StopSignals::~StopSignals() {
  thread_.request_stop();
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::watch(std::stop_token end) {
  const timespec wait{.tv_sec = 0, .tv_nsec = 50'000'000};
  std::chrono::steady_clock::time_point first;
  while (!end.stop_requested()) {
    const int signal = sigtimedwait(&watched_, nullptr, &wait);
    if (signal <= 0) continue;
    const auto now = std::chrono::steady_clock::now();
    if (!flag_.exchange(true))
      first = now;
    else if (now - first > std::chrono::seconds(1))
      _exit(128 + signal);
  }
}

}  // namespace semlink
