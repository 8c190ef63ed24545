#include <gtest/gtest.h>
#include <semlink/channel/header_code.h>

#include <cmath>

#include <semlink/core/error.h>
#include <semlink/core/rng.h>

#include "support/block_errors.h"

namespace semlink {
namespace {

/// Pieces of 14 bits that are lost or wrong over AWGN.
test::BlockErrors lose(const std::string& code, double snr_db, Index repetition, long pieces) {
  const PieceCoder coder(code, "qpsk", kCrc8);
  const auto noise_var = static_cast<float>(std::pow(10.0, -snr_db / 10));
  test::BlockErrors count{.blocks = pieces};
  for (long piece = 0; piece < pieces; ++piece) {
    Stream stream(1, Purpose::user, static_cast<std::uint64_t>(piece));
    Bits bits(14);
    for (auto& bit : bits) bit = stream.next_u32() & 1;
    const Symbols sent = coder.encode(bits, repetition);
    const Symbols received = sent + std::sqrt(noise_var) * stream.complex_normals(sent.rows(), 1);
    count.errors += coder.decode(received, Eigen::VectorXf::Constant(sent.rows(), noise_var), 14, repetition) != bits;
  }
  return count;
}

TEST(PieceCoder, PolarFailsLessThanGolayAtLowSnr) {
  for (const auto& [snr_db, repetition] : {std::pair{1.0, Index{1}}, std::pair{-6.0, Index{4}}}) {
    const auto golay = lose("golay2412", snr_db, repetition, 500), polar = lose("polar", snr_db, repetition, 500);
    EXPECT_LT(polar.errors, golay.errors);
    EXPECT_GT(test::two_proportion_z(polar, golay), test::kOnceIn10000) << snr_db;
  }
}

TEST(PieceCoder, PolarSendsTwoCodeBitsForEachBit) {
  EXPECT_EQ(PieceCoder("polar", "qpsk", kCrc8).uses(14, 1), 22);
  EXPECT_EQ(PieceCoder("polar", "bpsk", kCrc16).uses(14, 3), 180);
  EXPECT_EQ(PieceCoder("polar", "qpsk", kCrc24).uses(14, 0.75), 29) << "57 bits";
  EXPECT_EQ(PieceCoder("polar", "qpsk", kCrc24).uses(1000, 1), 1000 + 3 * 24) << "three words with a CRC each";
}

TEST(PieceCoder, PolarReturnsPiecesOfEveryLength) {
  const PieceCoder coder("polar", "qpsk", kCrc24);
  Stream stream(2, Purpose::user, 0);
  for (const double repetition : {HeaderCode::kLeastRepetition, 1.0, 2.3})
    for (const Index length : {1, 2, 14, 64, 488, 489, 1000, 5000}) {
      Bits bits(static_cast<std::size_t>(length));
      for (auto& bit : bits) bit = stream.next_u32() & 1;
      const Symbols sent = coder.encode(bits, repetition);
      EXPECT_EQ(sent.rows(), coder.uses(length, repetition));
      EXPECT_EQ(coder.decode(sent, Eigen::VectorXf::Constant(sent.rows(), 0.1f), length, repetition), bits) << length;
    }
}

TEST(PieceCoder, AWordOfALongPieceThatIsWrongFailsThePiece) {
  const PieceCoder coder("polar", "qpsk", kCrc24);
  const Bits bits(1000, 1);
  Symbols sent = coder.encode(bits, 1);
  sent.middleRows(400, 200) *= -1.0f;  // in the second of three words
  EXPECT_EQ(coder.decode(sent, Eigen::VectorXf::Constant(sent.rows(), 0.1f), 1000, 1), std::nullopt);
}

TEST(HeaderCode, ReadsPolar) {
  EXPECT_EQ(HeaderCode::parse("polar-qpsk-x2").block_code, "polar");
  EXPECT_THROW(HeaderCode::parse("polar-16qam-x2"), Error);
}

}  // namespace
}  // namespace semlink
