// A short run of the targets on random inputs, as part of the tests; signal_fuzzer.cpp is the same under libFuzzer.
#include <gtest/gtest.h>
#include <semlink/core/rng.h>

#include <vector>

#include "receive_signal.h"

namespace semlink::fuzz {
namespace {

/// Runs `target` on inputs of random bytes, and says in how many it came to what it is for.
int run_on_noise(bool (*target)(Bytes), std::uint64_t seed, int rounds) {
  constexpr std::size_t kLongest = 2000;
  int reached = 0;
  Stream stream(seed, Purpose::user, 0);
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::uint8_t> bytes(stream.below(kLongest));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(stream.next_u32());
    reached += target(bytes);
  }
  return reached;
}

TEST(SignalFuzz, ArbitraryWordsAreDecodedOrRefused) { EXPECT_GT(run_on_noise(decode_word, 1, 2000), 500); }

TEST(SignalFuzz, ArbitraryTransmissionsAreHeard) { EXPECT_GT(run_on_noise(hear_transmissions, 2, 500), 400); }

TEST(SignalFuzz, ArbitrarySamplesAreSearched) { EXPECT_GT(run_on_noise(receive_waveform, 3, 300), 30); }

TEST(SignalFuzz, ArbitrarySamplesAreSearchedForPacketsOfLiquid) { EXPECT_GT(run_on_noise(receive_packet, 4, 200), 20); }

}  // namespace
}  // namespace semlink::fuzz
