#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include <semlink/channel/block_code.h>
#include <semlink/channel/liquid_dsp.h>
#include <semlink/core/error.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

Bits random_bits(Stream& stream, std::size_t count) {
  Bits bits(count);
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

std::vector<float> to_llrs(const Bits& bits) {
  std::vector<float> llrs;
  for (const std::uint8_t bit : bits) llrs.push_back(bit ? -1.0f : 1.0f);
  return llrs;
}

class EveryBlockCode : public testing::TestWithParam<std::string> {
 protected:
  BlockCode code_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(BuiltIn, EveryBlockCode, testing::ValuesIn(BlockCode::names()),
                         [](const auto& info) { return info.param; });

TEST_P(EveryBlockCode, CleanWordsComeBackAtEveryLength) {
  Stream stream(1, Purpose::user, 0);
  for (std::size_t length = 0; length <= 130; ++length) {
    const Bits message = random_bits(stream, length);
    const Bits sent = code_.encode(message);
    ASSERT_EQ(static_cast<Index>(sent.size()), code_.coded_bits(static_cast<Index>(length)));
    EXPECT_EQ(code_.decode(to_llrs(sent), static_cast<Index>(length)), message) << length;
  }
}

TEST_P(EveryBlockCode, ShorteningNeverSendsMoreThanTheNextLength) {
  for (Index length = 0; length < 130; ++length)
    EXPECT_LE(code_.coded_bits(length), code_.coded_bits(length + 1)) << length;
}

TEST_P(EveryBlockCode, CorrectsAsManyErrorsAsItsDistanceAllows) {
  const std::map<std::string, int> correctable{
      {"none", 0},       {"rep3", 1},      {"rep5", 2},       {"hamming74", 1},  {"hamming84", 1},
      {"hamming128", 1}, {"golay2412", 3}, {"secded2216", 1}, {"secded3932", 1}, {"secded7264", 1}};
  Stream stream(2, Purpose::user, 0);
  for (int round = 0; round < 200; ++round) {
    const Bits message = random_bits(stream, static_cast<std::size_t>(code_.message_bits()));
    Bits received = code_.encode(message);
    for (int error = 0; error < correctable.at(GetParam()); ++error)
      received[stream.below(received.size())] ^= 1;  // drawing a place twice makes fewer errors
    EXPECT_EQ(code_.decode(to_llrs(received), code_.message_bits()), message);
  }
}

TEST_P(EveryBlockCode, RefusesAWrongNumberOfLlrs) { EXPECT_THROW(code_.decode(std::vector<float>(1), 100), Error); }

TEST(BlockCode, SizesAreThoseOfTheTable) {
  const auto coded = [](const char* name) {
    const BlockCode code(name);
    return code.coded_bits(code.message_bits());
  };
  EXPECT_EQ(coded("hamming74"), 7);
  EXPECT_EQ(coded("hamming128"), 12);
  EXPECT_EQ(coded("golay2412"), 24);
  EXPECT_EQ(coded("secded2216"), 22);
  EXPECT_EQ(coded("secded3932"), 39);
  EXPECT_EQ(coded("secded7264"), 72);
  EXPECT_EQ(BlockCode("golay2412").coded_bits(22),
            46);  // the second block holds 10 bits: two systematic bits are not sent
}

TEST(BlockCode, NeighboursOnTheAirBelongToDifferentBlocks) {
  const BlockCode code("golay2412");
  Bits message(24);
  message[0] = 1;  // touches only the first of two blocks
  const Bits sent = code.encode(message);
  for (std::size_t i = 1; i < sent.size(); i += 2) EXPECT_EQ(sent[i], 0);
}

TEST(BlockCode, ShortenedBitsCountAsKnown) {
  // With one message bit only two words are left, at least 8 apart: any 3 errors are corrected.
  const BlockCode code("golay2412");
  const std::size_t length = static_cast<std::size_t>(code.coded_bits(1));
  for (std::size_t a = 0; a < length; ++a)
    for (std::size_t b = 0; b < a; ++b)
      for (std::size_t c = 0; c < b; ++c)
        for (const std::uint8_t bit : {0, 1}) {
          Bits received = code.encode({bit});
          for (const std::size_t place : {a, b, c}) received[place] ^= 1;
          EXPECT_EQ(code.decode(to_llrs(received), 1), Bits{bit});
        }
}

TEST(BlockCode, GolayFailsAsItsWeightsSay) {
  // Union bound over the words of weight 8, 12, 16 and 24; close from above where failures are rare (BPSK of amplitude
  // 1).
  const double noise_std = 0.6;
  double bound = 0;
  for (const auto& [weight, count] : std::map<int, int>{{8, 759}, {12, 2576}, {16, 759}, {24, 1}})
    bound += count * 0.5 * std::erfc(std::sqrt(weight / 2.0) / noise_std);
  const BlockCode code("golay2412");
  Stream stream(5, Purpose::user, 0);
  const int blocks = 40000;
  int errors = 0;
  for (int block = 0; block < blocks; ++block) {
    std::vector<float> llrs(24);
    for (float& llr : llrs) llr = 1 + static_cast<float>(noise_std) * stream.normal();
    errors += code.decode(llrs, 12) != Bits(12);
  }
  EXPECT_LT(errors, blocks * bound + 5 * std::sqrt(blocks * bound));
  EXPECT_GT(errors, blocks * bound / 2);
}

TEST(BlockCode, UnknownNameIsAnError) { EXPECT_THROW(BlockCode("conv_v27"), Error); }

TEST(BlockCode, WordsAreLiquidsWords) {
  // One block of Golay is 12 of liquid's 24 message bits; the rest is zero.
  Stream stream(3, Purpose::user, 0);
  const FecObject fec(fec_create(LIQUID_FEC_GOLAY2412, nullptr));
  for (int round = 0; round < 100; ++round) {
    const Bits message = random_bits(stream, 12);
    unsigned char bytes[3] = {};
    for (int i = 0; i < 12; ++i) bytes[i / 8] |= message[i] << (7 - i % 8);
    unsigned char coded[6];
    fec_encode(fec.get(), 3, bytes, coded);
    const Bits sent = BlockCode("golay2412").encode(message);
    for (int i = 0; i < 24; ++i) ASSERT_EQ(sent[i], (coded[i / 8] >> (7 - i % 8)) & 1);
  }
}

TEST(BlockCode, SoftGolayBeatsLiquidsHardDecoder) {
  const BlockCode code("golay2412");
  const FecObject fec(fec_create(LIQUID_FEC_GOLAY2412, nullptr));
  Stream stream(4, Purpose::user, 0);
  const float noise_std = 0.75f;  // BPSK of amplitude 1, about 2.5 dB
  int soft_errors = 0;
  int hard_errors = 0;
  for (int round = 0; round < 4000; ++round) {
    const Bits message = random_bits(stream, 24);
    unsigned char received[6] = {};
    std::vector<float> llrs;
    const Bits sent = code.encode(message);
    for (std::size_t i = 0; i < sent.size(); ++i) {
      llrs.push_back((sent[i] ? -1.0f : 1.0f) + noise_std * stream.normal());
      const std::size_t place = i % 2 * 24 + i / 2;  // undo the interleaving over two blocks
      received[place / 8] |= (llrs.back() < 0) << (7 - place % 8);
    }
    unsigned char hard[3];
    fec_decode(fec.get(), 3, received, hard);
    bool hard_ok = true;
    for (int i = 0; i < 24; ++i) hard_ok = hard_ok && ((hard[i / 8] >> (7 - i % 8)) & 1) == message[i];
    hard_errors += !hard_ok;
    soft_errors += code.decode(llrs, 24) != message;
  }
  EXPECT_LT(soft_errors, hard_errors / 3);
}

}  // namespace
}  // namespace semlink
