#include <semlink/channel/uncoded_chain.h>

#include <gtest/gtest.h>

#include <semlink/codecs/none/raw_bits.h>
#include <semlink/core/error.h>
#include <semlink/data/random_bits.h>

#include "link/test_link.h"

namespace semlink {
namespace {

class UncodedChain : public testing::TestWithParam<const char*> {};

TEST_P(UncodedChain, CountsTheErrorsOfTheWholeLink) {
  Link link = uncoded_awgn_link(6);
  BitTransport::Settings settings;
  settings.modem.constellation = GetParam();
  link.transport = std::make_unique<BitTransport>(settings);
  const Index num_symbols = 4000;
  link.source = std::make_unique<RandomBits>(num_symbols * Modem(GetParam()).bits_per_symbol());
  link.codec = std::make_unique<RawBitsCodec>();
  std::int64_t apart = 0;
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const TrialResult expected = run_trial(link, {1, trial, 3});
    const UncodedFrame frame = run_uncoded_frame(GetParam(), num_symbols, 6, {1, trial, 3});
    EXPECT_EQ(frame.num_bits, expected.num_bits);
    EXPECT_GT(expected.bit_errors, 50);
    EXPECT_GT(frame.llr_sum, 0);
    apart += std::abs(frame.bit_errors - expected.bit_errors);
  }
  // The same numbers in another unit: a coordinate within rounding of a decision line may fall to either side, once in
  // a million.
  EXPECT_LE(apart, 2);
}

INSTANTIATE_TEST_SUITE_P(All, UncodedChain, testing::Values("qpsk", "16qam", "256qam"));

TEST(UncodedFrame, SaysWhatItCannotDo) {
  EXPECT_THROW(run_uncoded_frame("64qam", 32, 6, {}), Error);
  EXPECT_THROW(run_uncoded_frame("qpsk", 33, 6, {}), Error);
}

}  // namespace
}  // namespace semlink
