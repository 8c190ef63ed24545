#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace semlink::train {

/// Calls work(i, thread) for i in [0, count) on `num_threads` threads. Which thread gets which i is not fixed: results
/// must not depend on it. The first exception is thrown again when all threads have ended.
inline void parallel_for(int num_threads, std::int64_t count, const std::function<void(std::int64_t, int)>& work) {
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto run = [&](int thread) {
    try {
      for (std::int64_t i = next++; i < count; i = next++) work(i, thread);
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    for (int t = 1; t < num_threads; ++t) others.emplace_back(run, t);
    run(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace semlink::train
