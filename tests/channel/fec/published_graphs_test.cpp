// Codes of other standards that the decoders take as well, against AFF3CT's reference curves, and a published MIMO
// link.
#include <gtest/gtest.h>
#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/ldpc_decoder.h>
#include <semlink/channel/fec/polar_code.h>
#include <semlink/channel/mimo.h>

#include <cmath>

#include "support/block_errors.h"

namespace semlink {
namespace {

using Shifts = std::vector<std::vector<int>>;

/// IEEE 802.16-2009, section 8.4.9.2.5.1, rate 1/2: shifts for a lifting size of 96; -1: no edge.
const Shifts kWimaxHalf = {
    {-1, 94, 73, -1, -1, -1, -1, -1, 55, 83, -1, -1, 7, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1},
    {-1, 27, -1, -1, -1, 22, 79, 9, -1, -1, -1, 12, -1, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1},
    {-1, -1, -1, 24, 22, 81, -1, 33, -1, -1, -1, 0, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1},
    {61, -1, 47, -1, -1, -1, -1, -1, 65, 25, -1, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1, -1},
    {-1, -1, 39, -1, -1, -1, 84, -1, -1, 41, 72, -1, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1},
    {-1, -1, -1, -1, 46, 40, -1, 82, -1, -1, -1, 79, 0, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1},
    {-1, -1, 95, 53, -1, -1, -1, -1, -1, 14, 18, -1, -1, -1, -1, -1, -1, -1, 0, 0, -1, -1, -1, -1},
    {-1, 11, 73, -1, -1, -1, 2, -1, -1, 47, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, -1, -1, -1},
    {12, -1, -1, -1, 83, 24, -1, 43, -1, -1, -1, 51, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, -1, -1},
    {-1, -1, -1, -1, -1, 94, -1, 59, -1, -1, 70, 72, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0, -1},
    {-1, -1, 7, 65, -1, -1, -1, -1, 39, 49, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0},
    {43, -1, -1, -1, -1, 66, -1, 41, -1, -1, -1, 26, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0}};

/// IEEE 802.11-2016, annex F, 648 bits at rate 5/6: shifts for a lifting size of 27.
const Shifts kWifiFiveSixths = {
    {17, 13, 8, 21, 9, 3, 18, 12, 10, 0, 4, 15, 19, 2, 5, 10, 26, 19, 13, 13, 1, 0, -1, -1},
    {3, 12, 11, 14, 11, 25, 5, 18, 0, 9, 2, 26, 26, 10, 24, 7, 14, 20, 4, 2, -1, 0, 0, -1},
    {22, 16, 4, 3, 10, 21, 12, 5, 21, 14, 19, 5, -1, 8, 5, 18, 11, 5, 5, 15, 0, -1, 0, 0},
    {7, 7, 14, 14, 4, 16, 16, 24, 24, 10, 1, 7, 15, 6, 10, 26, 8, 18, 21, 14, 1, -1, -1, 0}};

/// The graph of a table for size `from` at lifting size `size`, shifts scaled down (IEEE 802.16-2009, the same
/// section).
LiftedGraph graph_of(const Shifts& shifts, Index size, Index from) {
  LiftedGraph graph{.lifting_size = size, .num_columns = std::ssize(shifts.front())};
  for (const std::vector<int>& row : shifts) {
    std::vector<LiftedGraph::Edge> edges;
    for (Index column = 0; column < graph.num_columns; ++column)
      if (row[column] >= 0) edges.push_back({column, row[column] * size / from});
    graph.rows.push_back(edges);
  }
  return graph;
}

/// LLRs of the word of zeros over BPSK in AWGN.
std::vector<float> zero_word_llrs(Index num_bits, double code_rate, double ebn0_db, std::uint64_t word) {
  const double noise_var = 1 / (2 * code_rate * std::pow(10, ebn0_db / 10));  // of the real part
  Stream stream(3, Purpose::user, word);
  std::vector<float> llrs;
  for (Index i = 0; i < num_bits; ++i)
    llrs.push_back(static_cast<float>(2 / noise_var * (1 + std::sqrt(noise_var) * stream.normal())));
  return llrs;
}

bool has_error(const Bits& bits) {
  return std::any_of(bits.begin(), bits.end(), [](std::uint8_t bit) { return bit != 0; });
}

/// A published frame error rate; of about 100 errors.
struct Published {
  const char* name;
  bool wifi;  ///< else WiMAX (576, 288)
  LdpcDecoderSettings settings;
  double ebn0_db;
  double rate;
  long our_words;
};

class PublishedGraphs : public testing::TestWithParam<Published> {};

constexpr LdpcDecoderSettings kLayered{.rule = LdpcRule::sum_product, .iterations = 100};
constexpr LdpcDecoderSettings kFlooding{
    .rule = LdpcRule::sum_product, .schedule = LdpcSchedule::flooding, .iterations = 100};
constexpr LdpcDecoderSettings kNormalized{.iterations = 100, .factor = 0.825f};
constexpr LdpcDecoderSettings kWifiLayered{.rule = LdpcRule::sum_product, .iterations = 40};
constexpr LdpcDecoderSettings kWifiMinSum{.iterations = 10, .factor = 1};

// aff3ct/error_rate_references, LDPC/AWGN/BPSK, folders BP_FLOODING and BP_HORIZONTAL_LAYERED, SPA and NMS.
INSTANTIATE_TEST_SUITE_P(Aff3ct, PublishedGraphs,
                         testing::Values(Published{"wimax_flooding_1dB5", false, kFlooding, 1.5, 0.116, 1000},
                                         Published{"wimax_flooding_2dB", false, kFlooding, 2.0, 1.72e-2, 3000},
                                         Published{"wimax_layered_1dB5", false, kLayered, 1.5, 0.105, 1000},
                                         Published{"wimax_layered_2dB", false, kLayered, 2.0, 1.16e-2, 3000},
                                         Published{"wimax_normalized_1dB5", false, kNormalized, 1.5, 0.134, 1500},
                                         Published{"wimax_normalized_2dB", false, kNormalized, 2.0, 1.41e-2, 4000},
                                         Published{"wifi_layered_3dB5", true, kWifiLayered, 3.5, 6.53e-2, 1500},
                                         Published{"wifi_min_sum_4dB", true, kWifiMinSum, 4.0, 3.63e-2, 3000}),
                         [](const auto& info) { return info.param.name; });

TEST_P(PublishedGraphs, AreMet) {
  const Published& p = GetParam();
  const LiftedGraph graph = p.wifi ? graph_of(kWifiFiveSixths, 27, 27) : graph_of(kWimaxHalf, 24, 96);
  const Index num_bits = graph.num_bits(), info_bits = num_bits - std::ssize(graph.rows) * graph.lifting_size;
  const LdpcDecoder decoder(graph, p.settings);
  Bits bits(static_cast<std::size_t>(info_bits));
  test::BlockErrors ours{.blocks = p.our_words};
  for (long word = 0; word < p.our_words; ++word) {
    const double code_rate = static_cast<double>(info_bits) / static_cast<double>(num_bits);
    decoder.decode(zero_word_llrs(num_bits, code_rate, p.ebn0_db, static_cast<std::uint64_t>(word)), bits);
    ours.errors += has_error(bits);
  }
  const test::BlockErrors theirs{.errors = 100, .blocks = std::lround(100 / p.rate)};
  EXPECT_LT(test::two_proportion_z(ours, theirs), test::kOnceIn10000)
      << ours.errors << " of " << ours.blocks << " against a rate of " << p.rate;
}

// The same repository, POLAR/AWGN/BPSK, successive cancellation, (1024, 512) on the sequence of 5G.
TEST(PublishedPolar, SuccessiveCancellationIsMet) {
  const PolarCode code(512, 1024);
  for (const auto& [ebn0_db, rate, words] : {std::tuple{2.0, 0.102, 800L}, std::tuple{2.5, 1.57e-2, 2500L}}) {
    test::BlockErrors ours{.blocks = words};
    for (long word = 0; word < words; ++word)
      ours.errors +=
          has_error(code.decode(zero_word_llrs(1024, 0.5, ebn0_db, static_cast<std::uint64_t>(word)), 1, {}).info);
    EXPECT_LT(test::two_proportion_z(ours, {.errors = 100, .blocks = std::lround(100 / rate)}), test::kOnceIn10000)
        << ebn0_db << " dB: " << ours.errors << " of " << ours.blocks;
  }
}

// Sionna 1.2.1, Simple_MIMO_Simulation: a word of 512 bits on each of four antennas, 16-QAM, 16 receive antennas, a new
// matrix for every vector of symbols, LMMSE. Its noise variance is 4 times that of the usual formula.
TEST(PublishedMimo, LmmseLinkIsMet) {
  const auto code = make_code(
      {.info_bits = 512, .coded_bits = 1024, .decoder = "bp_flooding", .iterations = 20, .early_stop = false});
  const Modem modem("16qam");
  for (const auto& [ebn0_db, theirs, frames] :
       {std::tuple{-1.5, test::BlockErrors{3120, 16384}, 60L}, std::tuple{-1.0, test::BlockErrors{469, 16384}, 100L}}) {
    const double noise_var = 4 / (std::pow(10, ebn0_db / 10) * 0.5 * 4);
    test::BlockErrors ours{.blocks = 4 * frames};
    for (long frame = 0; frame < frames; ++frame) {
      Stream stream(5, Purpose::user, static_cast<std::uint64_t>(frame));
      Symbols x(256, 4), x_hat(256, 4);
      Eigen::Matrix<float, 256, 4> noise_vars;
      std::vector<Bits> messages;
      for (Index k = 0; k < 4; ++k) {
        Bits& message = messages.emplace_back(512);
        for (auto& bit : message) bit = stream.next_u32() & 1;
        x.col(k) = modem.modulate(code->encode(message)).col(0);
      }
      for (Index t = 0; t < 256; ++t) {
        const ComplexMatrix h = stream.complex_normals(16, 4);
        const Eigen::VectorXcf noise = stream.complex_normals(16, 1).col(0);
        const Eigen::VectorXcf y = h * x.row(t).transpose() + static_cast<float>(std::sqrt(noise_var)) * noise;
        const MimoReceiver receiver = mmse_receiver(h, noise_var);
        x_hat.row(t) = (receiver.weights * y).transpose();
        noise_vars.row(t) = receiver.noise_var.transpose();
      }
      for (Index k = 0; k < 4; ++k) {
        const Llrs llrs = modem.demodulate(Symbols(x_hat.col(k)), Eigen::VectorXf(noise_vars.col(k)));
        ours.errors += code->decode(llrs).bits != messages[static_cast<std::size_t>(k)];
      }
    }
    EXPECT_LT(test::two_proportion_z(ours, theirs), test::kOnceIn10000)
        << ebn0_db << " dB: " << ours.errors << " of " << ours.blocks;
  }
}

}  // namespace
}  // namespace semlink
