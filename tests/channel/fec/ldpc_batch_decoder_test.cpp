#include <gtest/gtest.h>
#include <semlink/channel/fec/ldpc_batch_decoder.h>
#include <semlink/channel/fec/nr_ldpc_encoder.h>
#include <semlink/core/rng.h>

#include <algorithm>
#include <cmath>

#include "support/expect_error.h"

namespace semlink {
namespace {

constexpr Index kRows = 12;

/// The LLRs of words of base graph 2 over AWGN: the first two columns punctured, parity up to row 11, the last column
/// of information a filler. Es/N0 rises from word to word, so that some fail and the others need different iterations.
std::vector<float> received(const NrLdpcEncoder& encoder, Index num_words) {
  const LiftedGraph& graph = encoder.graph();
  const Index size = graph.lifting_size, filler = encoder.info_bits() - size, end = encoder.info_bits() + kRows * size;
  std::vector<float> llrs(static_cast<std::size_t>(num_words * graph.num_bits()));
  for (Index word = 0; word < num_words; ++word) {
    Stream stream(1, Purpose::user, static_cast<std::uint64_t>(word), static_cast<std::uint64_t>(size));
    Bits info(static_cast<std::size_t>(encoder.info_bits()));
    for (Index i = 0; i < filler; ++i) info[i] = stream.next_u32() & 1;
    const Bits bits = encoder.encode(info, 10 + kRows);
    const double snr = 0.5 + 1.5 * static_cast<double>(word) / static_cast<double>(num_words);
    float* out = llrs.data() + word * graph.num_bits();
    for (Index i = 2 * size; i < end; ++i)
      out[i] = static_cast<float>((bits[i] ? -4 : 4) * snr + std::sqrt(8 * snr) * stream.normal());
    std::fill(out + filler, out + encoder.info_bits(), LdpcDecoder::kLargestLlr);
  }
  return llrs;
}

struct Case {
  const char* name;
  LdpcDecoderSettings settings;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class LdpcBatch : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(All, LdpcBatch,
                         testing::Values(Case{"normalized", {.iterations = 6}},
                                         Case{"offset", {.rule = LdpcRule::offset_min_sum, .iterations = 6}},
                                         Case{"all_iterations", {.iterations = 4, .early_stop = false}}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(LdpcBatch, GivesEachWordWhatTheDecoderOfSingleWordsGives) {
  LdpcDecoderSettings settings = GetParam().settings;
  for (const Index size : {3, 20, 36})
    for (const Index num_words : {Index{1}, Index{17}, 2 * LdpcBatchDecoder::group_size() + 5}) {
      const NrLdpcEncoder encoder(2, size);
      const std::vector<float> llrs = received(encoder, num_words);
      const Index num_bits = encoder.graph().num_bits(), decided = encoder.info_bits() + 3;
      Bits bits(static_cast<std::size_t>(num_words * decided)), expected(static_cast<std::size_t>(decided));
      const auto results = LdpcBatchDecoder(encoder.graph(), settings).decode(llrs, num_words, decided, bits);
      settings.eight_bit = true;
      const LdpcDecoder single(encoder.graph(), settings);
      for (Index word = 0; word < num_words; ++word) {
        const auto result = single.decode(std::span(llrs).subspan(word * num_bits, num_bits), expected);
        EXPECT_EQ(results[word].ok, result.ok) << size << " word " << word;
        EXPECT_EQ(results[word].iterations, result.iterations) << size << " word " << word;
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), bits.begin() + word * decided)) << size << " " << word;
      }
    }
}

/// The last column is cut in the middle.
TEST(LdpcBatch, TakesWhatIsNotGivenAsUnheard) {
  const NrLdpcEncoder encoder(2, 36);
  const Index num_words = 70, num_bits = encoder.graph().num_bits(), given = encoder.info_bits() + 5 * 36 + 7;
  std::vector<float> llrs = received(encoder, num_words), cut;
  for (Index word = 0; word < num_words; ++word) {
    const auto first = llrs.begin() + word * num_bits;
    std::fill(first + given, first + num_bits, 0.0f);
    cut.insert(cut.end(), first, first + given);
  }
  const LdpcBatchDecoder decoder(encoder.graph(), {.iterations = 6});
  Bits whole_bits(static_cast<std::size_t>(num_words * given)), cut_bits(whole_bits.size());
  const auto whole = decoder.decode(llrs, num_words, given, whole_bits);
  const auto short_ones = decoder.decode(cut, num_words, given, cut_bits);
  EXPECT_EQ(whole_bits, cut_bits);
  for (Index word = 0; word < num_words; ++word) EXPECT_EQ(whole[word].iterations, short_ones[word].iterations);
}

// Else the comparison above would be one of words that are all alike.
TEST(LdpcBatch, TheComparisonHasWordsOfEveryKind) {
  const NrLdpcEncoder encoder(2, 36);
  const Index num_words = 64;
  Bits bits(64);
  const auto results =
      LdpcBatchDecoder(encoder.graph(), {.iterations = 6}).decode(received(encoder, num_words), num_words, 1, bits);
  const auto with = [&](bool ok, int iterations) {
    return std::count_if(results.begin(), results.end(),
                         [&](const auto& result) { return result.ok == ok && result.iterations == iterations; });
  };
  EXPECT_GT(with(false, 6), 5);
  EXPECT_GT(with(true, 3), 0);
  EXPECT_GT(with(true, 5), 0);
}

TEST(LdpcBatch, RefusesSizesAndSettingsThatDoNotFit) {
  const NrLdpcEncoder encoder(2, 4);
  const LdpcBatchDecoder decoder(encoder.graph(), {});
  Bits bits(10);
  const auto llrs = [&](Index count) { return std::vector<float>(static_cast<std::size_t>(count)); };
  expect_error(ErrorCode::bad_argument, "up to 208 for each of 1", [&] { decoder.decode(llrs(209), 1, 10, bits); });
  expect_error(ErrorCode::bad_argument, "up to 208 for each of 2", [&] { decoder.decode(llrs(209), 2, 5, bits); });
  expect_error(ErrorCode::bad_argument, "expected 10 for each of 2", [&] { decoder.decode(llrs(416), 2, 10, bits); });
  expect_error(ErrorCode::bad_argument, "min-sum",
               [&] { LdpcBatchDecoder(encoder.graph(), {.rule = LdpcRule::sum_product}); });
  EXPECT_TRUE(decoder.decode({}, 0, 0, {}).empty());
}

}  // namespace
}  // namespace semlink
