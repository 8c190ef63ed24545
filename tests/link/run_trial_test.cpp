#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <semlink/channel/flat_fading.h>
#include <semlink/core/error.h>

#include "link/test_link.h"

namespace semlink {
namespace {

/// Sends 10 symbols, a piece of 5 bits and a piece of 7 that describes positions; shows black, or grey without a header.
class TwoPieceCodec final : public Codec {
 public:
  explicit TwoPieceCodec(float symbol = 1) : symbol_(symbol) {}

  Payload encode(const Sample&, EncodeWork& work) const override {
    work.ledger.product(2, 3, 4);
    Payload payload;
    payload.symbols = Symbols::Constant(10, 1, Complex(symbol_, 0));
    payload.side_info = {{Bits{1, 0, 1, 1, 0}, false}, {Bits{0, 0, 1, 1, 0, 1, 0}, true}};
    payload.tokens_kept = 3;
    payload.num_tokens = 4;
    payload.encoder_depth = 2.5;
    return payload;
  }

  Output decode(const Received& received, DecodeWork& work) const override {
    work.ledger.product(5, 6, 7);
    Output output;
    output.image.height = work.image_height;
    output.image.width = work.image_width;
    output.image.values.assign(static_cast<std::size_t>(output.image.num_reals()), received.header_ok ? 0.0f : 0.5f);
    output.decoder_depth = 1.5;
    output.predicted_mse = 0.25;
    return output;
  }

  Index next_side_info_bits(std::span<const Bits> pieces) const override {
    return pieces.empty() ? 5 : pieces.size() == 1 ? 7 : 0;
  }
  bool next_is_positions(std::span<const Bits> pieces) const override { return pieces.size() == 1; }

 private:
  float symbol_;
};

Link two_piece_link(double snr_db, float symbol = 1) {
  Link link = uncoded_awgn_link(snr_db);
  link.codec = std::make_unique<TwoPieceCodec>(symbol);
  return link;
}

TEST(RunTrial, SameAddressGivesTheSameResult) {
  const Link link = uncoded_awgn_link(5);
  const TrialResult a = run_trial(link, {1, 4, 0});
  const TrialResult b = run_trial(link, {1, 4, 0});
  EXPECT_EQ(a.mse, b.mse);
  EXPECT_EQ(a.power.noise_energy, b.power.noise_energy);
  EXPECT_NE(a.mse, run_trial(link, {1, 5, 0}).mse);
  EXPECT_NE(a.mse, run_trial(link, {2, 4, 0}).mse);
  EXPECT_NE(a.mse, run_trial(link, {1, 4, 9}).mse);
}

TEST(RunTrial, EverythingSentIsCharged) {
  Link link = two_piece_link(30);
  link.front_end = std::make_unique<PilotFrontEnd>(PilotFrontEnd::Options{});
  const SnrReport report = 30.0;
  TrialTrace trace;
  const TrialResult result = run_trial(link, {1, 0, 0}, &trace);
  EXPECT_EQ(result.power.payload_uses, 10);
  EXPECT_EQ(result.power.header_uses, link.framer->uses(5, report));
  EXPECT_EQ(result.power.position_uses, link.framer->uses(7, report));
  EXPECT_GT(result.power.pilot_uses, 0);
  EXPECT_EQ(result.power.total_uses(), trace.state.gain.rows());
  EXPECT_DOUBLE_EQ(result.bandwidth_ratio, static_cast<double>(10 + result.power.position_uses) / 192);
  EXPECT_DOUBLE_EQ(result.bandwidth_ratio_total, static_cast<double>(trace.state.gain.rows()) / 192);
}

/// Images of 8x8 that show a grey picture of 7x6.
class PaddedImages final : public Source {
 public:
  Sample sample(const TrialRng& rng) const override {
    Sample sample = NoiseImages().sample(rng);
    sample.picture = Picture{.top = 0, .left = 1, .height = 7, .width = 6, .num_channels = 1};
    return sample;
  }
  Index size() const override { return 0; }
};

TEST(RunTrial, RatiosCountTheValuesOfTheDataSet) {
  Link link = two_piece_link(30);
  link.source = std::make_unique<PaddedImages>();
  const TrialResult result = run_trial(link, {1, 0, 0});
  EXPECT_DOUBLE_EQ(result.bandwidth_ratio, static_cast<double>(10 + result.power.position_uses) / 42);
  EXPECT_DOUBLE_EQ(result.bandwidth_ratio_total, static_cast<double>(result.power.total_uses()) / 42);
}

TEST(RunTrial, HandsOnWhatTheCodecSays) {
  const TrialResult result = run_trial(two_piece_link(30), {1, 3, 0});
  EXPECT_EQ(result.sample_id, 3);
  EXPECT_EQ(result.tokens_kept, 3);
  EXPECT_EQ(result.num_tokens, 4);
  EXPECT_EQ(result.encoder_depth, 2.5);
  EXPECT_EQ(result.decoder_depth, 1.5);
  EXPECT_EQ(result.encoder_macs, 24);
  EXPECT_EQ(result.decoder_macs, 210);
  EXPECT_EQ(result.predicted_mse, 0.25);
  EXPECT_FALSE(result.header_failed);
}

TEST(RunTrial, PowerIsMeasuredFromWhatWasSent) {
  const PowerLedger power = run_trial(two_piece_link(10, 2.0f), {1, 0, 0}).power;
  EXPECT_NEAR(power.payload_energy, 40, 1e-4);
  // Symbols of a header have power 1 but for float rounding.
  const double header_uses = static_cast<double>(power.header_uses + power.position_uses);
  EXPECT_NEAR(power.header_energy, header_uses, 1e-5 * header_uses);
  EXPECT_NEAR(power.pilot_energy, 0, 1e-4);
}

TEST(RunTrial, NoiseAndGainAreMeasuredFromWhatTheChannelDid) {
  Link link = uncoded_awgn_link(3);
  link.channel = std::make_unique<FlatFading>(Fading::block, 0);
  double noise = 0, gain = 0, uses = 0;
  constexpr int kTrials = 2000;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    const PowerLedger power = run_trial(link, {1, trial, 0}).power;
    noise += power.noise_energy;
    gain += power.gain_energy;
    uses += static_cast<double>(power.total_uses());
  }
  // |n|^2 is exponential; so is |h|^2, one draw per frame.
  const double noise_var = std::pow(10.0, -0.3);
  EXPECT_NEAR(noise / uses, noise_var, 5 * noise_var / std::sqrt(uses));
  EXPECT_NEAR(gain / uses, 1, 5 / std::sqrt(static_cast<double>(kTrials)));
}

TEST(RunTrial, ALostHeaderIsAResultAndTheDecoderStillAnswers) {
  const Link link = two_piece_link(-40);
  TrialTrace trace;
  int failures = 0;
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const TrialResult result = run_trial(link, {1, trial, 0}, &trace);
    failures += result.header_failed;
    EXPECT_EQ(trace.output.image.values.front(), result.header_failed ? 0.5f : 0.0f);
    EXPECT_TRUE(std::isfinite(result.mse));
  }
  EXPECT_GE(failures, 15);  // a wrong piece passes a CRC of 8 bits once in 256
}

TEST(RunTrial, WithoutNoiseTheImageArrives) {
  // Values lie anywhere between two bytes, so the 0.01 % of the quantised scale may still round one of 192 the other way.
  EXPECT_LE(run_trial(uncoded_awgn_link(90), {1, 0, 0}).mse, 3.0 / 192);
}

TEST(RunTrial, ANonFinitePayloadEndsTheTrialAndNamesIt) {
  const Link link = two_piece_link(10, std::numeric_limits<float>::quiet_NaN());
  try {
    run_trial(link, {42, 7, 0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::non_finite);
    const std::string message = error.what();
    EXPECT_NE(message.find("payload"), std::string::npos) << message;
    EXPECT_NE(message.find("seed 42"), std::string::npos) << message;
    EXPECT_NE(message.find("trial 7"), std::string::npos) << message;
    EXPECT_NE(message.find("channel.snr_db = 10"), std::string::npos) << message;
  }
}

TEST(RunTrial, ATraceIsWhatHappened) {
  const Link link = uncoded_awgn_link(12);
  TrialTrace trace;
  const TrialResult with_trace = run_trial(link, {1, 0, 0}, &trace);
  EXPECT_EQ(with_trace.mse, run_trial(link, {1, 0, 0}).mse);
  EXPECT_EQ(trace.payload.symbols.rows(), 96);
  EXPECT_EQ(trace.sample.image.values.size(), 192u);
  EXPECT_EQ(trace.output.image.values.size(), 192u);
  EXPECT_TRUE(trace.received.header_ok);
}

}  // namespace
}  // namespace semlink
