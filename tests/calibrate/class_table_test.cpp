#include <semlink/calibrate/class_table.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include <semlink/channel/awgn.h>
#include <semlink/channel/front_ends.h>
#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/confidence.h>
#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>

namespace semlink::calibrate {
namespace {

constexpr Index kTrials = 12;
constexpr Index kEncoderExits = 1, kDecoderExits = 3;  // at which a gate is asked

/// A small classifier of random values.
adaptive::Model random_model() {
  adaptive::NetworkConfig config{
      .dim = 16, .num_heads = 2, .condition_dim = 8, .encoder_blocks = 2, .decoder_blocks = 3};
  config.task = "classification";
  nn::FlatVector<float> values = nn::initial_parameters(adaptive::Network(config).layout(), 3);
  Stream stream(9, Purpose::init, 0, 0);
  for (float& value : values) value += 0.1F * stream.normal();
  return {config, std::move(values), ""};
}

constexpr std::array<double, 2> kSnr_db = {0, 12};

Link make_link(std::size_t point, bool local_decision = false) {
  Link link;
  link.source = std::make_unique<BuiltinImages>(32, 32, Split::validation);
  link.codec = std::make_unique<adaptive::AdaptiveCodec>(random_model(), adaptive::Rate{}, adaptive::DepthOptions{},
                                                         local_decision);
  link.encoder_gate = std::make_unique<AlwaysOpen>();
  link.gate = std::make_unique<AlwaysOpen>();
  link.framer = std::make_unique<Framer>(Framer::Settings{});
  link.front_end = std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing);
  link.channel = std::make_unique<AwgnChannel>();
  link.point.snr_db = kSnr_db[point];
  return link;
}

ClassRequest request_of(bool at_transmitter, int num_threads = 2) {
  ClassRequest request;
  request.num_points = 2;
  request.make_link = [](std::size_t point) { return make_link(point); };
  request.at_transmitter = at_transmitter;
  request.num_trials = kTrials;
  request.num_threads = num_threads;
  return request;
}

const std::atomic<bool> kGoOn = false;

TEST(ClassTable, HoldsOneRowForEveryExitThatAGateSees) {
  for (const bool at_transmitter : {false, true}) {
    const ClassTable table = measure_classes(request_of(at_transmitter), kGoOn);
    EXPECT_EQ(table.num_rows(), kTrials * (at_transmitter ? kEncoderExits : kDecoderExits));
    Index num_low = 0, num_high = 0;
    for (Index row = 0; row < table.num_rows(); ++row) {
      EXPECT_NEAR(table.probability.row(row).sum(), 1, 1e-9);
      const double snr_db = *table.snr_db[static_cast<std::size_t>(row)];
      num_low += std::abs(snr_db - kSnr_db[0]) < 1e-6 ? 1 : 0;  // what both are told over AWGN
      num_high += std::abs(snr_db - kSnr_db[1]) < 1e-6 ? 1 : 0;
    }
    EXPECT_GT(num_low, 0);
    EXPECT_GT(num_high, 0);
    EXPECT_EQ(num_low + num_high, table.num_rows());
  }
}

/// What a receiver's last head said stands in its output too.
TEST(ClassTable, HoldsWhatTheHeadsSay) {
  const ClassTable table = measure_classes(request_of(false), kGoOn);
  for (Index trial = 0; trial < kTrials; ++trial) {
    const TrialRng rng{1, static_cast<std::uint64_t>(trial), 0};
    const auto row = static_cast<std::size_t>(trial * kDecoderExits);
    Link link = make_link(*table.snr_db[row] < 6 ? 0 : 1);
    EXPECT_EQ(run_trial(link, rng).label, table.label[row]);
    // The first exit's likeliest class is just likely enough for this policy, which then stops there.
    link.gate = std::make_unique<Confidence>(table.probability.row(trial * kDecoderExits).maxCoeff());
    EXPECT_EQ(run_trial(link, rng).decoder_depth, 0);
    link.gate = std::make_unique<Confidence>(table.probability.row(trial * kDecoderExits).maxCoeff() + 1e-12);
    EXPECT_GT(run_trial(link, rng).decoder_depth, 0);
  }
}

/// With the right to decide a transmitter asks at its last exit too, and twice at the others.
TEST(ClassTable, CountsATransmittersAnswersOnce) {
  ClassRequest request = request_of(true);
  request.make_link = [](std::size_t point) { return make_link(point, true); };
  EXPECT_EQ(measure_classes(request, kGoOn).num_rows(), kTrials * (kEncoderExits + 1));
}

TEST(ClassTable, IsTheSameForAnyNumberOfThreads) {
  const ClassTable one = measure_classes(request_of(false, 1), kGoOn),
                   three = measure_classes(request_of(false, 3), kGoOn);
  EXPECT_EQ(one.probability, three.probability);
  EXPECT_EQ(one.label, three.label);
}

TEST(ClassTable, EndsWhenStopped) {
  const std::atomic<bool> stop = true;
  EXPECT_THROW(measure_classes(request_of(false), stop), Error);
}

}  // namespace
}  // namespace semlink::calibrate
