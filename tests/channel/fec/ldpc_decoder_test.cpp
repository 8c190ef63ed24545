#include <gtest/gtest.h>
#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/ldpc_decoder.h>
#include <semlink/channel/fec/ldpc_kernels_internal.h>
#include <semlink/channel/fec/nr_ldpc_encoder.h>
#include <semlink/core/rng.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>

namespace semlink {
namespace {

Bits random_bits(Index count, Stream& stream) {
  Bits bits(static_cast<std::size_t>(count));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

/// LLRs of BPSK over AWGN at a linear Es/N0.
Llrs noisy(const Bits& coded, double snr, Stream& stream) {
  Llrs llrs(coded.size());
  stream.normals(llrs);
  const auto mean = static_cast<float>(4 * snr), std = static_cast<float>(std::sqrt(8 * snr));
  for (std::size_t i = 0; i < llrs.size(); ++i) llrs[i] = (coded[i] ? -mean : mean) + std * llrs[i];
  return llrs;
}

/// A word of a lifted graph whose parity stops at row `num_rows`: what is behind is neither sent nor checked.
struct Word {
  Word(const NrLdpcEncoder& encoder, Index num_rows, Stream& stream)
      : bits(encoder.encode(random_bits(encoder.info_bits(), stream),
                            encoder.info_bits() / encoder.graph().lifting_size + num_rows)),
        sent(static_cast<std::size_t>(encoder.info_bits() + num_rows * encoder.graph().lifting_size)) {}

  Llrs over_awgn(double snr, Stream& stream) const {
    Llrs llrs = noisy(bits, snr, stream);
    std::fill(llrs.begin() + static_cast<std::ptrdiff_t>(sent), llrs.end(), 0.0f);
    return llrs;
  }

  Bits bits;         ///< [num_bits], zeros behind `sent`
  std::size_t sent;  ///< bits that the rows in use hold
};

/// Whether the first `num_rows` block rows hold.
bool holds(const LiftedGraph& graph, Index num_rows, const Bits& bits) {
  LiftedGraph part = graph;
  part.rows.resize(static_cast<std::size_t>(num_rows));
  return part.is_codeword(bits);
}

struct NamedDecoder {
  const char* name;
  LdpcDecoderSettings settings;
};

std::ostream& operator<<(std::ostream& out, const NamedDecoder& decoder) { return out << decoder.name; }

class EveryLdpcDecoder : public testing::TestWithParam<NamedDecoder> {};

INSTANTIATE_TEST_SUITE_P(
    All, EveryLdpcDecoder,
    testing::Values(NamedDecoder{"bp_flooding", {.rule = LdpcRule::sum_product, .schedule = LdpcSchedule::flooding}},
                    NamedDecoder{"bp_layered", {.rule = LdpcRule::sum_product}}, NamedDecoder{"nms_layered", {}},
                    NamedDecoder{"oms_layered", {.rule = LdpcRule::offset_min_sum}},
                    NamedDecoder{"nms_layered_int8", {.eight_bit = true}},
                    NamedDecoder{"oms_layered_int8", {.rule = LdpcRule::offset_min_sum, .eight_bit = true}}),
    [](const auto& info) { return std::string(info.param.name); });

// Columns of a graph end within a vector at most lifting sizes, and at the small ones several times.
TEST_P(EveryLdpcDecoder, RecoversThePuncturedColumnsAtEveryLiftingSize) {
  constexpr Index kRows = 20;
  for (const Index size : lifting_sizes()) {
    const NrLdpcEncoder encoder(2, size);
    Stream stream(1, Purpose::user, static_cast<std::uint64_t>(size));
    const Word word(encoder, kRows, stream);
    Llrs llrs = word.over_awgn(4, stream);
    std::fill(llrs.begin(), llrs.begin() + 2 * size, 0.0f);
    Bits decided(word.sent);
    EXPECT_TRUE(LdpcDecoder(encoder.graph(), GetParam().settings).decode(llrs, decided).ok) << size;
    EXPECT_TRUE(std::equal(decided.begin(), decided.end(), word.bits.begin())) << size;
  }
}

// A check that forgets the last, partly filled vector of a column claims success too early
// (openairinterface5g issue 450), one that reads beyond it too late.
TEST_P(EveryLdpcDecoder, SaysOkExactlyWhenItsDecisionsSatisfyEveryCheck) {
  constexpr Index kRows = 8;
  LdpcDecoderSettings settings = GetParam().settings;
  settings.iterations = 4;
  for (const Index size : {2, 7, 36, 80, 104}) {
    const NrLdpcEncoder encoder(2, size);
    const LdpcDecoder decoder(encoder.graph(), settings);
    int successes = 0;
    for (int trial = 0; trial < 60; ++trial) {
      Stream stream(2, Purpose::user, static_cast<std::uint64_t>(trial), static_cast<std::uint64_t>(size));
      const Word word(encoder, kRows, stream);
      Bits decided(word.sent);
      const bool ok = decoder.decode(word.over_awgn(0.6 + 0.05 * trial, stream), decided).ok;
      decided.resize(word.bits.size());
      EXPECT_EQ(ok, holds(encoder.graph(), kRows, decided)) << "size " << size << ", trial " << trial;
      successes += ok;
    }
    EXPECT_GT(successes, 5) << size;
    EXPECT_LT(successes, 55) << size;
  }
}

TEST_P(EveryLdpcDecoder, DecidesForTheSignOfSureBits) {
  const NrLdpcEncoder encoder(2, 16);
  Stream stream(3, Purpose::user, 0);
  const Word word(encoder, 42, stream);
  Llrs llrs;
  for (const std::uint8_t bit : word.bits)
    llrs.push_back(std::copysign(std::numeric_limits<float>::infinity(), bit ? -1.0f : 1.0f));
  Bits decided(word.sent);
  const LdpcDecoder::Result result = LdpcDecoder(encoder.graph(), GetParam().settings).decode(llrs, decided);
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(result.iterations, 1);
  EXPECT_EQ(decided, word.bits);
}

TEST(LdpcQuantize, RoundsClipsAndMarksKnownBitsInEveryLane) {
  const std::vector<std::pair<float, int>> values{{0, 0},
                                                  {0.12f, 0},
                                                  {0.13f, 1},
                                                  {-0.13f, -1},
                                                  {0.375f, 2},
                                                  {0.625f, 2},
                                                  {-7.7f, -31},
                                                  {7.6f, 30},
                                                  {7.75f, 31},
                                                  {9999, 31},
                                                  {1e4f, 127},
                                                  {2e4f, 127},
                                                  {-2e4f, -31},
                                                  {-0.375f, -2},
                                                  {3.3f, 13},
                                                  {1e-30f, 0},
                                                  {-std::numeric_limits<float>::infinity(), -31}};
  std::vector<float> llrs;
  for (Index i = 0; i < 150; ++i) llrs.push_back(values[(i * 5) % values.size()].first);
  std::vector<std::int8_t> out(llrs.size());
  ldpc::quantize(llrs.data(), std::ssize(llrs), out.data());
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], values[(i * 5) % values.size()].second) << llrs[i];
}

TEST(LdpcDecoder, RunsEveryIterationWithoutEarlyStop) {
  const NrLdpcEncoder encoder(2, 16);
  Stream stream(3, Purpose::user, 0);
  const Word word(encoder, 42, stream);
  Bits decided(word.sent);
  const LdpcDecoder decoder(encoder.graph(), {.iterations = 7, .early_stop = false});
  const LdpcDecoder::Result result = decoder.decode(word.over_awgn(4, stream), decided);
  EXPECT_EQ(result.iterations, 7);
  EXPECT_TRUE(result.ok);
}

/// A graph of one check of three bits, two checks wide.
LiftedGraph single_check() { return {.lifting_size = 2, .num_columns = 3, .rows = {{{0, 0}, {1, 1}, {2, 0}}}}; }

// One check is a tree, so one iteration gives the exact posterior: the sign of b's LLR flips where the other two,
// 2 atanh(tanh(x / 2) tanh(y / 2)), outweigh it, and min-sum says min(|x|, |y|) instead.
TEST(LdpcDecoder, TheExactRuleGivesThePosteriorOfASingleCheck) {
  const auto decide = [](LdpcRule rule, float own) {
    // x = 1, y = -1.2: the exact answer is -0.495, that of min-sum with factor 1 is -1.
    const Llrs llrs = {own, own, 1.0f, 1.0f, -1.2f, -1.2f};
    Bits bits(6);
    LdpcDecoder(single_check(), {.rule = rule, .iterations = 1, .factor = 1.0f}).decode(llrs, bits);
    return bits[0];
  };
  const float exact = static_cast<float>(2 * std::atanh(std::tanh(0.5) * std::tanh(0.6)));
  EXPECT_EQ(decide(LdpcRule::sum_product, exact + 1e-5f), 0);
  EXPECT_EQ(decide(LdpcRule::sum_product, exact - 1e-5f), 1);
  EXPECT_EQ(decide(LdpcRule::normalized_min_sum, 1 + 1e-5f), 0);
  EXPECT_EQ(decide(LdpcRule::normalized_min_sum, 1 - 1e-5f), 1);
}

int lost(const std::string& decoder, int iterations) {
  const auto code = make_code({.info_bits = 500, .coded_bits = 1000, .decoder = decoder, .iterations = iterations});
  int errors = 0;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    Stream stream(4, Purpose::user, trial);
    const Bits message = random_bits(500, stream);
    errors += code->decode(noisy(code->encode(message), 0.5 * std::pow(10, 0.15), stream)).bits != message;
  }
  return errors;
}

// Layers pass on what they learn within an iteration: two thirds of the iterations lose fewer blocks.
TEST(LdpcDecoder, LayersNeedFewerIterationsThanFlooding) { EXPECT_LT(lost("bp_layered", 8), lost("bp_flooding", 12)); }

}  // namespace
}  // namespace semlink
