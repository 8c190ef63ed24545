#include <semlink/channel/uncoded_chain.h>

#include <gtest/gtest.h>

#include <semlink/channel/awgn.h>
#include <semlink/channel/modem.h>
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

TEST_P(UncodedChain, SumsTheLlrsOfTheParts) {
  const Modem modem(GetParam(), Demapper::max_log);
  const AwgnChannel channel;
  const Index num_symbols = 4000;
  const RandomBits source(num_symbols * modem.bits_per_symbol());
  for (std::uint64_t trial = 0; trial < 5; ++trial) {
    const TrialRng rng{.seed = 1, .trial = trial};
    const Bits sent = source.sample(rng).bits;
    const ChannelState state = channel.realize(num_symbols, {.snr_db = 6}, rng);
    const auto noise_var = Eigen::VectorXf::Constant(num_symbols, static_cast<float>(state.noise_var));
    const Llrs llrs = modem.demodulate(channel.apply(modem.modulate(sent), state), noise_var);
    double sum = 0, magnitudes = 0;
    for (std::size_t i = 0; i < llrs.size(); ++i) {
      sum += sent[i] ? -llrs[i] : llrs[i];
      magnitudes += std::abs(llrs[i]);
    }
    // A tile adds up to 1024 terms in float.
    EXPECT_NEAR(run_uncoded_frame(GetParam(), num_symbols, 6, rng).llr_sum, sum, 1e-5 * magnitudes);
  }
}

INSTANTIATE_TEST_SUITE_P(All, UncodedChain, testing::Values("qpsk", "16qam", "256qam"));

TEST(UncodedFrame, SaysWhatItCannotDo) {
  EXPECT_THROW(run_uncoded_frame("64qam", 32, 6, {}), Error);
  EXPECT_THROW(run_uncoded_frame("qpsk", 33, 6, {}), Error);
}

}  // namespace
}  // namespace semlink
