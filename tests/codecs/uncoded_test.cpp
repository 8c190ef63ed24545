#include <semlink/codecs/none/uncoded.h>

#include <gtest/gtest.h>

#include <cmath>

#include <semlink/codecs/gates/always_open.h>

namespace semlink {
namespace {

Sample random_sample(Index height, Index width) {
  Sample sample;
  sample.image.height = height;
  sample.image.width = width;
  sample.image.values.resize(static_cast<std::size_t>(sample.image.num_reals()));
  Stream stream(1, Purpose::sample, 0);
  for (float& value : sample.image.values) value = static_cast<float>(0.2 + 0.5 * stream.uniform());
  return sample;
}

Sample flat_sample(float value) {
  Sample sample = random_sample(8, 8);
  for (float& v : sample.image.values) v = value;
  return sample;
}

Payload encode(const Sample& sample) {
  const AlwaysOpen gate;
  MacLedger ledger;
  EncodeWork work{std::nullopt, gate, ledger, TrialRng{}, [](Index bits) { return bits; }};
  return UncodedCodec().encode(sample, work);
}

/// What arrives when `noise` of variance `noise_var` per symbol is added to a payload whose header got through.
Received receive(const Payload& payload, double noise_var) {
  Received received;
  const Symbols noise = Stream(2, Purpose::noise, 0).complex_normals(payload.symbols.rows(), 1);
  received.symbols = payload.symbols + static_cast<float>(std::sqrt(noise_var)) * noise;
  received.noise_var = Eigen::VectorXf::Constant(payload.symbols.rows(), static_cast<float>(noise_var));
  received.header_ok = true;
  received.side_info.push_back(payload.side_info.front().bits);
  return received;
}

Output decode(const Received& received, const Sample& sent) {
  const AlwaysOpen gate;
  MacLedger ledger;
  DecodeWork work{gate, ledger, TrialRng{}, sent.image.height, sent.image.width};
  return UncodedCodec().decode(received, work);
}

double mse(const Sample& sent, const Output& output) {
  double sum = 0;
  for (std::size_t i = 0; i < sent.image.values.size(); ++i) {
    const double error = output.image.values.at(i) - sent.image.values[i];
    sum += error * error;
  }
  return sum / static_cast<double>(sent.image.values.size());
}

double variance(const Sample& sample) {
  double sum = 0, squares = 0;
  for (float v : sample.image.values) {
    sum += v;
    squares += static_cast<double>(v) * v;
  }
  const double n = static_cast<double>(sample.image.values.size());
  return squares / n - (sum / n) * (sum / n);
}

TEST(UncodedCodec, PayloadHasPowerOneAndHalfAsManySymbolsAsReals) {
  const Payload payload = encode(random_sample(32, 32));
  EXPECT_EQ(payload.symbols.rows(), 3 * 32 * 32 / 2);
  EXPECT_NEAR(payload.symbols.cwiseAbs2().cast<double>().mean(), 1, 1e-5);
}

TEST(UncodedCodec, AnOddNumberOfRealsKeepsPowerOne) {
  const Payload payload = encode(random_sample(3, 3));  // 27 reals
  EXPECT_EQ(payload.symbols.rows(), 14);
  EXPECT_NEAR(payload.symbols.cwiseAbs2().cast<double>().mean(), 1, 1e-5);
}

TEST(UncodedCodec, WithoutNoiseOnlyTheQuantisedScaleIsWrong) {
  const Sample sample = random_sample(32, 32);
  // A step of the scale is 0.014 %, so half of one is a relative error of at most 7e-5.
  EXPECT_LT(mse(sample, decode(receive(encode(sample), 0), sample)), 7e-5 * 7e-5 * variance(sample) + 1e-12);
}

TEST(UncodedCodec, ErrorIsThatOfTheLinearEstimator) {
  const Sample sample = random_sample(64, 64);
  for (double noise_var : {0.01, 0.3, 1.0, 10.0}) {
    // Least mean squared error of a unit-power symbol in noise: N / (1 + N). Five standard errors of about 10^4 squared errors.
    const double expected = variance(sample) * noise_var / (1 + noise_var);
    EXPECT_NEAR(mse(sample, decode(receive(encode(sample), noise_var), sample)), expected, 5 * expected * std::sqrt(2.0 / 12288))
        << noise_var;
  }
}

TEST(UncodedCodec, AnImageOfOneColourNeedsNoPayload) {
  const Sample sample = flat_sample(51.0f / 255);
  const Payload payload = encode(sample);
  EXPECT_EQ(payload.symbols.rows(), 0);
  for (float value : decode(receive(payload, 0.1), sample).image.values) EXPECT_EQ(value, 51.0f / 255);
}

TEST(UncodedCodec, WithoutHeaderTheImageIsGreyAndOfTheRightSize) {
  const Sample sample = random_sample(6, 10);
  Received received = receive(encode(sample), 0.1);
  received.header_ok = false;
  received.side_info.clear();
  const Output output = decode(received, sample);
  EXPECT_EQ(output.image.height, 6);
  EXPECT_EQ(output.image.width, 10);
  ASSERT_EQ(output.image.values.size(), 180u);
  for (float value : output.image.values) EXPECT_EQ(value, 0.5f);
}

TEST(UncodedCodec, SymbolsThatAreMissingAreTheMean) {
  const Sample sample = random_sample(6, 10);
  Received received = receive(encode(sample), 0);
  received.symbols.conservativeResize(10, 1);
  received.noise_var.conservativeResize(10);
  const Output output = decode(received, sample);
  ASSERT_EQ(output.image.values.size(), 180u);
  EXPECT_NEAR(output.image.values[3], sample.image.values[3], 1e-4);
  EXPECT_EQ(output.image.values[20], output.image.values[179]);
}

TEST(UncodedCodec, AnyHeaderThatPassesItsCheckGivesFiniteValues) {
  const Sample sample = random_sample(6, 10);
  Received received = receive(encode(sample), 0.1);
  Stream bits(3, Purpose::user, 0);
  for (int trial = 0; trial < 200; ++trial) {
    for (std::uint8_t& bit : received.side_info.front()) bit = static_cast<std::uint8_t>(bits.below(2));
    for (float value : decode(received, sample).image.values) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(UncodedCodec, AsksForTheSideInformationItSent) {
  const Payload payload = encode(random_sample(4, 4));
  const UncodedCodec codec;
  ASSERT_EQ(payload.side_info.size(), 1u);
  EXPECT_EQ(codec.next_side_info_bits({}), static_cast<Index>(payload.side_info.front().bits.size()));
  const std::vector<Bits> pieces{payload.side_info.front().bits};
  EXPECT_EQ(codec.next_side_info_bits(pieces), 0);
  EXPECT_FALSE(codec.next_is_positions({}));
}

}  // namespace
}  // namespace semlink
