#include <gtest/gtest.h>

#include <semlink/codecs/deepjscc/codec.h>
#include <semlink/codecs/gates/always_open.h>

#include <algorithm>

#include "support/expect_error.h"
#include "support/gradient_check.h"

namespace semlink::deepjscc {
namespace {

Model untrained(std::int64_t code_channels) {
  const Network network({code_channels});
  return {network.config(), network.starting_point(1), "abc"};
}

Sample noise_image(Index height, Index width, std::uint64_t seed = 1) {
  Sample sample;
  sample.image = {height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width))};
  Stream stream(seed, Purpose::user, 0);
  for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
  return sample;
}

Payload encode(const DeepJsccCodec& codec, const Sample& sample, MacLedger& ledger, double* unscaled_power = nullptr) {
  const AlwaysOpen gate;
  EncodeWork work{10.0, gate, ledger, TrialRng{}, [](Index bits) { return bits; }};
  Payload payload = codec.encode(sample, work);
  if (unscaled_power != nullptr) *unscaled_power = work.unscaled_power;
  return payload;
}

Received receive(const Payload& payload) {
  Received received{.symbols = payload.symbols};
  received.noise_var = Eigen::VectorXf::Zero(payload.symbols.rows());
  received.header_ok = true;
  return received;
}

Output decode(const DeepJsccCodec& codec, const Received& received, const Sample& sent, MacLedger& ledger) {
  const AlwaysOpen gate;
  DecodeWork work{gate, ledger, TrialRng{}, sent.image.height, sent.image.width};
  return codec.decode(received, work);
}

bool is_mid_grey(const Image& image) {
  return std::all_of(image.values.begin(), image.values.end(), [](float value) { return value == 0.5F; });
}

/// 143,441 and 156,249 values are published for a decoder whose four PReLUs share one slope by accident; ours have
/// their own.
TEST(DeepJsccNetwork, HasThePublishedSize) {
  EXPECT_EQ(Network({8}).layout().num_parameters(), 143441 + 3);
  EXPECT_EQ(Network({16}).layout().num_parameters(), 156249 + 3);
}

TEST(DeepJsccCodec, CostsThePublishedMacsHalfOnEachSide) {
  const Sample sample = noise_image(32, 32);
  MacLedger encoder, decoder;
  const DeepJsccCodec codec(untrained(8));
  decode(codec, receive(encode(codec, sample, encoder)), sample, decoder);
  EXPECT_EQ(encoder.macs, 9'625'600 / 2);
  EXPECT_EQ(decoder.macs, 9'625'600 / 2);
}

TEST(DeepJsccCodec, SendsItsShareOfTheChannelAtUnitPower) {
  for (const std::int64_t channels : {2, 8, 16})
    for (const Index height : {4, 32, 36}) {
      const Sample sample = noise_image(height, 32);
      MacLedger ledger;
      const Payload payload = encode(DeepJsccCodec(untrained(channels)), sample, ledger);
      EXPECT_EQ(payload.symbols.rows() * 96, sample.image.num_reals() * channels);
      EXPECT_TRUE(payload.side_info.empty());
      EXPECT_NEAR(payload.symbols.squaredNorm() / static_cast<float>(payload.symbols.rows()), 1, 1e-5);
    }
}

// Convolutions without biases and PReLUs scale with what they get: half the image, a quarter of the power, the same payload.
TEST(DeepJsccCodec, TellsThePowerThatSymbolsHadBeforeTheyWereScaled) {
  const DeepJsccCodec codec(untrained(8));
  Sample sample = noise_image(32, 32);
  MacLedger ledger;
  double whole = 0, half = 0;
  const Payload before = encode(codec, sample, ledger, &whole);
  for (float& value : sample.image.values) value *= 0.5F;
  const Payload after = encode(codec, sample, ledger, &half);
  EXPECT_GT(whole, 0);
  EXPECT_NEAR(half / whole, 0.25, 1e-5);
  EXPECT_TRUE(before.symbols.isApprox(after.symbols, 1e-5F));
}

TEST(DeepJsccCodec, WithoutAFrameTheReceiverShowsMidGrey) {
  const Sample sample = noise_image(8, 8);
  const DeepJsccCodec codec(untrained(8));
  MacLedger ledger, idle;
  Received received = receive(encode(codec, sample, ledger));
  EXPECT_FALSE(is_mid_grey(decode(codec, received, sample, ledger).image));
  received.symbols.conservativeResize(received.symbols.rows() - 1, 1);
  EXPECT_TRUE(is_mid_grey(decode(codec, received, sample, idle).image));
  EXPECT_TRUE(is_mid_grey(decode(codec, {}, sample, idle).image));
  EXPECT_EQ(idle.macs, 0);
}

TEST(DeepJsccCodec, RefusesSidesThatItCannotHalveTwice) {
  const DeepJsccCodec codec(untrained(8));
  MacLedger ledger;
  expect_error(ErrorCode::bad_argument, "image of 30x32 pixels", [&] { encode(codec, noise_image(30, 32), ledger); });
  expect_error(ErrorCode::bad_argument, "image of 32x30 pixels",
               [&] { decode(codec, {}, noise_image(32, 30), ledger); });
}

TEST(DeepJsccConfig, RefusesHalfASymbol) {
  expect_error(ErrorCode::bad_scenario, "network.code_channels = 7", [] { NetworkConfig{7}.check(); });
}

/// What the codec does with one image is what the network does with it among others, to the bit.
TEST(DeepJsccNetwork, AnImageHasTheSameBitsInAnyBatch) {
  const Model model = untrained(8);
  const Network network(model.config);
  const std::vector<Sample> samples = {noise_image(32, 32, 1), noise_image(32, 32, 2), noise_image(32, 32, 3)};
  nn::Tape<float> tape(false);
  nn::Context<float> context{tape, network.layout(), model.values};
  const nn::Var<float> x = tape.constant(3 * 1024, 3);
  float* to = x.data();
  for (const Sample& sample : samples) to = std::copy(sample.image.values.begin(), sample.image.values.end(), to);
  const nn::Var<float> symbols = network.encode(context, x, {32, 32});
  const nn::Var<float> images = network.decode(context, symbols, {32, 32});

  const DeepJsccCodec codec(model);
  MacLedger ledger;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Payload payload = encode(codec, samples[i], ledger);
    const auto* sent = reinterpret_cast<const float*>(payload.symbols.data());  // complex numbers are pairs of floats
    EXPECT_TRUE(std::equal(sent, sent + 512, symbols.data() + 512 * i));
    const Output output = decode(codec, receive(payload), samples[i], ledger);
    EXPECT_TRUE(std::equal(output.image.values.begin(), output.image.values.end(), images.data() + 3072 * i));
  }
}

TEST(Gradient, DeepJsccNetwork) {
  const Network network({2});
  RowMatrix<double> pixels = test::random_matrix(2 * 4 * 8, 3, 1, 0.3);
  pixels.array() += 0.5;
  // Scaled so that signals neither die nor fill the sigmoid over ten layers of up to 800 taps.
  test::expect_gradients(
      network.layout(), {pixels},
      [&](nn::Context<double>& context, const std::vector<nn::Var<double>>& in) {
        return network.decode(context, network.encode(context, in[0], {4, 8}), {4, 8});
      },
      0.1);
}

}  // namespace
}  // namespace semlink::deepjscc
