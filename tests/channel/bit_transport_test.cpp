#include <semlink/channel/bit_transport.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <semlink/core/error.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

BitTransport transport_of(const std::string& constellation, std::optional<std::int64_t> info_bits = std::nullopt) {
  BitTransport::Settings settings;
  settings.modem.constellation = constellation;
  settings.info_bits = info_bits;
  return BitTransport(settings);
}

Bits random_bits(Index num_bits) {
  Bits bits(static_cast<std::size_t>(num_bits));
  Stream stream(1, Purpose::user, 2);
  for (std::uint8_t& bit : bits) bit = static_cast<std::uint8_t>(stream.below(2));
  return bits;
}

TEST(BitTransport, BringsBitsBackWithoutNoise) {
  for (const std::string& constellation : Modem::constellations()) {
    const BitTransport transport = transport_of(constellation);
    const Bits bits = random_bits(101);  // leaves a symbol half full
    const Symbols x = transport.send(bits);
    EXPECT_EQ(x.rows(), transport.uses(101));
    EXPECT_EQ(transport.receive(x, Eigen::VectorXf::Zero(x.rows()), 101).bits, bits) << constellation;
  }
}

TEST(BitTransport, EnergyOfABitIsThatOfASymbolOverItsBits) {
  EXPECT_NEAR(transport_of("256qam").esn0_over_ebn0_db(), 10 * std::log10(8), 1e-12);
  EXPECT_EQ(transport_of("bpsk").esn0_over_ebn0_db(), 0);
}

TEST(BitTransport, BlocksAreOfInfoBits) {
  EXPECT_EQ(transport_of("qpsk").num_blocks(100), 1);
  EXPECT_EQ(transport_of("qpsk", 25).num_blocks(100), 4);
  EXPECT_EQ(transport_of("qpsk", 30).num_blocks(100), 4);
  EXPECT_EQ(transport_of("qpsk", 30).num_blocks(0), 0);
}

TEST(BitTransport, RefusesAFrameOfAnotherLength) {
  const BitTransport transport = transport_of("qpsk");
  EXPECT_THROW(transport.receive(Symbols::Zero(4, 1), Eigen::VectorXf::Ones(4), 10), Error);
  EXPECT_THROW(transport.receive(Symbols::Zero(5, 1), Eigen::VectorXf::Ones(4), 10), Error);
}

BitTransport::Settings ldpc_settings(std::int64_t info_bits, std::int64_t coded_bits) {
  BitTransport::Settings settings;
  settings.code = "nr_ldpc";
  settings.info_bits = info_bits;
  settings.coded_bits = coded_bits;
  return settings;
}

TEST(CodedTransport, CorrectsBlocksAndTellsTheGoodOnes) {
  BitTransport::Settings settings = ldpc_settings(116, 232);
  settings.crc = true;
  settings.modem.constellation = "16qam";
  const BitTransport transport(settings);
  EXPECT_EQ(transport.block_bits(300), 100) << "16 bits of CRC are among the information bits";
  const Bits bits = random_bits(300);
  Symbols x = transport.send(bits);
  ASSERT_EQ(x.rows(), 3 * 232 / 4);
  const auto noise_std = static_cast<float>(std::sqrt(0.1));
  x += noise_std * Stream(1, Purpose::noise, 0).complex_normals(x.rows(), 1);
  x.bottomRows(58) = Stream(1, Purpose::noise, 1).complex_normals(58, 1);  // of the last block there is nothing
  Eigen::VectorXf noise_var = Eigen::VectorXf::Constant(x.rows(), 0.1f);
  noise_var.tail(58).setConstant(1.0f);
  const ReceivedBits received = transport.receive(x, noise_var, 300);
  EXPECT_TRUE(std::equal(bits.begin(), bits.begin() + 200, received.bits.begin()));
  EXPECT_EQ(received.block_ok, (std::vector<std::uint8_t>{1, 1, 0}));
  EXPECT_GT(received.iterations, 0);
}

TEST(CodedTransport, EnergyOfABitCountsTheCodeRate) {
  EXPECT_NEAR(BitTransport(ldpc_settings(500, 1000)).esn0_over_ebn0_db(), 0, 1e-12);
  EXPECT_NEAR(BitTransport(ldpc_settings(500, 750)).esn0_over_ebn0_db(), 10 * std::log10(2 * 2.0 / 3), 1e-12);
}

TEST(CodedTransport, NeedsItsLengths) {
  BitTransport::Settings settings = ldpc_settings(100, 200);
  settings.coded_bits = std::nullopt;
  EXPECT_THROW(BitTransport{settings}, Error);
  settings.coded_bits = 201;  // no whole number of QPSK symbols
  EXPECT_THROW(BitTransport{settings}, Error);
}

void expect_refused(BitTransport::Settings settings, const std::string& part) {
  try {
    BitTransport transport(settings);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_scenario);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(BitTransport, RefusesHarqThatCannotWork) {
  BitTransport::Settings settings = ldpc_settings(100, 200);
  settings.harq = "chase";
  expect_refused(settings, "fec.crc = true");
  settings.crc = true;
  settings.harq = "incremental";
  settings.redundancy_order = "2310";
  expect_refused(settings, "the first 0");
  settings.redundancy_order = "04";
  expect_refused(settings, "digits from 0 to 3");
  settings.code = "conv_k7";
  expect_refused(settings, "nr_ldpc");
}

TEST(BitTransport, SendsVersionsInTurnAndOverAgain) {
  BitTransport::Settings settings = ldpc_settings(100, 200);
  settings.crc = true;
  settings.harq = "incremental";
  settings.redundancy_order = "03";
  const BitTransport transport(settings);
  const Bits bits = random_bits(3 * transport.block_bits(0));
  const std::vector<Index> all = {0, 1, 2}, last = {2};
  EXPECT_EQ(transport.send_again(bits, all, 0), transport.send(bits));
  EXPECT_EQ(transport.send_again(bits, all, 2), transport.send(bits));
  EXPECT_NE(transport.send_again(bits, all, 1), transport.send(bits));
  EXPECT_EQ(transport.send_again(bits, last, 1), Symbols(transport.send_again(bits, all, 1).bottomRows(100)));
}

}  // namespace
}  // namespace semlink
