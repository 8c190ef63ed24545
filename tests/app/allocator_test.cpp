#include <semlink/app/allocator.h>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>
#include <vector>

namespace semlink {
namespace {

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

/// As a trial does: some arrays, written once, and all of them given back.
void use_arrays() {
  constexpr std::size_t kBytes = 1 << 20;
  std::vector<std::vector<char>> arrays;
  for (int i = 0; i < 4; ++i) arrays.emplace_back(kBytes, static_cast<char>(i));
  EXPECT_EQ(arrays[3][kBytes - 1], 3);
}

long page_faults_of_warm_rounds() {
  for (int round = 0; round < 4; ++round) use_arrays();
  const long before = page_faults();
  for (int round = 0; round < 20; ++round) use_arrays();
  return page_faults() - before;
}

// A round touches 1024 pages of 4 KiB.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(KeepFreedMemory, LetsTrialsReuseTheirPages) {
  keep_freed_memory();
  EXPECT_LT(page_faults_of_warm_rounds(), 1024);
}

TEST(KeepFreedMemory, HoldsForEveryThread) {
  keep_freed_memory();
  long faults = 20 * 1024;
  std::thread([&] { faults = page_faults_of_warm_rounds(); }).join();
  EXPECT_LT(faults, 1024);
}
#endif

}  // namespace
}  // namespace semlink
