#include <semlink/channel/waveform/flex_frame.h>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include <semlink/channel/awgn.h>
#include <semlink/channel/waveform/waveform_channel.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

Bits random_bits(Index count, std::uint64_t trial) {
  Stream stream(7, Purpose::user, trial);
  Bits bits(static_cast<std::size_t>(count));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

FlexFrame::Reception pass(const FlexFrame& frame, const Bits& bits, double snr_db, std::uint64_t trial) {
  const WaveformChannel channel(std::make_unique<AwgnChannel>(), FlexFrame::format(32), 0.01, {});
  const Symbols x = frame.send(bits);
  const ChannelState state = channel.realize(x.rows(), {.snr_db = snr_db}, {1, trial, 0});
  return frame.receive(channel.apply(x, state), static_cast<Index>(bits.size()));
}

class EveryCode : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Codes, EveryCode, testing::ValuesIn(FlexFrame::codes()),
                         [](const auto& info) { return info.param; });

TEST_P(EveryCode, CarriesBitsOverAGoodChannel) {
  const FlexFrame frame("qpsk", GetParam());
  for (const Index count : {8, 203, 1000}) {
    const Bits bits = random_bits(count, 1);
    const FlexFrame::Reception reception = pass(frame, bits, 25, 1);
    EXPECT_TRUE(reception.payload_ok);
    EXPECT_EQ(reception.bits, bits) << count;
  }
}

class EveryModulation : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Constellations, EveryModulation, testing::ValuesIn(FlexFrame::constellations()),
                         [](const auto& info) { return info.param; });

TEST_P(EveryModulation, CarriesBitsOverAGoodChannelAtPowerOne) {
  const FlexFrame frame(GetParam(), "none");
  const Bits bits = random_bits(2000, 2);
  EXPECT_EQ(pass(frame, bits, 40, 2).bits, bits);
  const Symbols x = frame.send(bits);
  EXPECT_EQ(x.rows(), frame.uses(2000));
  EXPECT_NEAR(x.squaredNorm() / static_cast<float>(x.rows()), 1, 0.05);  // rings of QAM
}

TEST(FlexFrame, SymbolsAreThoseOfItsModulation) {
  const Symbols x = FlexFrame("qpsk", "golay2412").send(random_bits(400, 3));
  for (Index k = 0; k < x.rows(); ++k) EXPECT_NEAR(std::abs(x(k, 0)), 1, 0.05) << k;  // -48 dB of interference
}

TEST(FlexFrame, NothingIsFoundInNoise) {
  const FlexFrame frame("qpsk", "golay2412");
  const FlexFrame::Reception reception = frame.receive(Stream(1, Purpose::user, 1).complex_normals(3000, 1), 400);
  EXPECT_FALSE(reception.found);
  EXPECT_FALSE(reception.header_ok);
  EXPECT_TRUE(reception.bits.empty());
}

TEST(FlexFrame, WaterfallsInTheOrderOfItsParts) {
  const FlexFrame frame("qpsk", "golay2412");
  int found = 0, headers = 0, payloads = 0;
  for (std::uint64_t trial = 0; trial < 40; ++trial) {
    const FlexFrame::Reception reception = pass(frame, random_bits(2000, trial), 5, trial);
    found += reception.found;
    headers += reception.header_ok;
    payloads += reception.payload_ok;
  }
  EXPECT_EQ(found, 40);
  EXPECT_GT(headers, 25);
  EXPECT_GT(headers, payloads);
}

TEST(FlexFrame, ThreadsReceiveTheSame) {
  const FlexFrame frame("16qam", "hamming84");
  std::vector<Bits> alone(8), together(8);
  const auto receive = [&](std::size_t i) { return pass(frame, random_bits(1000, i), 11, i).bits; };
  for (std::size_t i = 0; i < alone.size(); ++i) alone[i] = receive(i);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < together.size(); i += 4) together[i] = receive(i);
      });
  }
  EXPECT_EQ(together, alone);
}

TEST(FlexFrame, PacketsThatEndInNoiseAreLost) {
  const FlexFrame frame("qpsk", "golay2412");
  const Symbols x = frame.send(random_bits(1000, 4));
  const WaveformChannel channel(std::make_unique<AwgnChannel>(), FlexFrame::format(32), 0.01, {});
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const ChannelState state = channel.realize(x.rows(), {.snr_db = 15}, {1, trial, 0});
    Symbols y = channel.apply(x, state);
    const Index cut = y.rows() - 100 * static_cast<Index>(trial + 1);
    y.bottomRows(y.rows() - cut) = Stream(13, Purpose::user, trial).complex_normals(y.rows() - cut, 1);
    const FlexFrame::Reception reception = frame.receive(y, 1000);
    if (trial >= 8) {  // over a third of the payload; the interleaved Golay code makes up for a short end
      EXPECT_FALSE(reception.payload_ok) << trial;
    }
    EXPECT_TRUE(reception.bits.empty() || reception.bits.size() == 1000);
  }
}

TEST(FlexFrame, RefusesWhatLiquidLacks) {
  EXPECT_THROW(FlexFrame("qpsk", "conv_v27"), Error);
  EXPECT_THROW(FlexFrame("1024qam", "none"), Error);
  EXPECT_THROW(FlexFrame("qpsk", "none").send(Bits(FlexFrame::kMaxBits + 1)), Error);
}

}  // namespace
}  // namespace semlink
