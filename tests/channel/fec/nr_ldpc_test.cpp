#include <gtest/gtest.h>
#include <semlink/channel/fec/nr_ldpc.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <semlink/core/error.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

Bits random_bits(Stream& stream, Index count) {
  Bits bits(static_cast<std::size_t>(count));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

Llrs sure(const Bits& bits, float size = 8) {
  Llrs llrs;
  for (const std::uint8_t bit : bits) llrs.push_back(bit ? -size : size);
  return llrs;
}

TEST(LdpcBaseGraph, HasTheTablesSums) {
  // Added up over two independent implementations of the tables (Sionna 1.2.1 and srsRAN 25.10), which agree.
  const long sums[2][8] = {{34730, 49099, 42436, 29665, 31271, 47538, 20577, 34191},
                           {18025, 14069, 7888, 15505, 11140, 13530, 16802, 17943}};
  const std::size_t edges[2] = {316, 197};
  for (int graph = 1; graph <= 2; ++graph) {
    const auto entries = base_graph_entries(graph);
    ASSERT_EQ(entries.size(), edges[graph - 1]);
    for (std::size_t set = 0; set < 8; ++set) {
      long sum = 0;
      for (const BaseGraphEntry& entry : entries) sum += entry.shift[set];
      EXPECT_EQ(sum, sums[graph - 1][set]) << "graph " << graph << ", set " << set;
    }
  }
}

TEST(LdpcBaseGraph, ThereAre51LiftingSizes) {
  EXPECT_EQ(lifting_sizes().size(), 51u);
  EXPECT_EQ(lifting_set(384), 1);
  EXPECT_THROW(lifting_set(17), Error);
}

TEST(NrLdpcEncoder, EveryWordOfEverySizeSatisfiesEveryCheck) {
  Stream stream(1, Purpose::user, 0);
  for (int graph = 1; graph <= 2; ++graph)
    for (const Index size : lifting_sizes()) {
      const NrLdpcEncoder encoder(graph, size);
      const Bits info = random_bits(stream, encoder.info_bits());
      const Bits word = encoder.encode(info, encoder.graph().num_columns);
      EXPECT_TRUE(std::equal(info.begin(), info.end(), word.begin()));
      EXPECT_TRUE(encoder.graph().is_codeword(word)) << "graph " << graph << ", size " << size;
    }
}

TEST(LiftedGraph, OneWrongBitBreaksACheck) {
  const NrLdpcEncoder encoder(2, 7);
  Bits word(static_cast<std::size_t>(encoder.graph().num_bits()));
  for (std::uint8_t& bit : word) {
    bit = 1;
    EXPECT_FALSE(encoder.graph().is_codeword(word));
    bit = 0;
  }
}

TEST(NrSegmentation, FollowsTheStandardsSizes) {
  // Worked from TS 38.212 section 5.2.2: K = 640 has kb = 9 columns for choosing Z = 72, K = 720 of the graph's 10.
  EXPECT_EQ(segment_nr(640, 2, false).lifting_size, 72);
  EXPECT_EQ(segment_nr(641, 2, false).lifting_size, 72);
  EXPECT_EQ(segment_nr(560, 2, false).lifting_size, 72);
  EXPECT_EQ(segment_nr(192, 2, false).lifting_size, 32);
  EXPECT_EQ(segment_nr(8448, 1, true).lifting_size, 384);
  EXPECT_EQ(segment_nr(8448, 1, true).num_blocks(), 1);
  const NrSegmentation two = segment_nr(8449, 1, true);
  EXPECT_EQ(two.block_bits, (std::vector<Index>{4225 + 24, 4224 + 24}));
  EXPECT_EQ(two.lifting_size, 208);
}

TEST(NrSegmentation, ChoosesTheBaseGraphBySizeAndRate) {
  EXPECT_EQ(nr_base_graph(292, 0.9), 2);
  EXPECT_EQ(nr_base_graph(293, 0.68), 1);
  EXPECT_EQ(nr_base_graph(3824, 0.67), 2);
  EXPECT_EQ(nr_base_graph(3825, 0.5), 1);
  EXPECT_EQ(nr_base_graph(8000, 0.25), 2);
}

TEST(NrSegmentation, LastBlocksGetTheExtraSymbols) {
  EXPECT_EQ(share_nr_coded_bits(40, 4, 3), (std::vector<Index>{12, 12, 16}));
}

TEST(NrRateMatcher, SendsTheSystematicBitsBehindThePuncturedOnesFirst) {
  const NrLdpc code({.info_bits = 500, .coded_bits = 1000});
  Stream stream(2, Purpose::user, 0);
  const Bits message = random_bits(stream, 500);
  const Bits sent = code.encode(message), word = code.code_words(message).front();
  const Index punctured = 2 * code.graph().lifting_size;
  EXPECT_TRUE(std::equal(message.begin() + punctured, message.end(), sent.begin()));
  // Behind the fillers the parity bits.
  const auto parity = word.begin() + base_graph_size(2).info_columns * code.graph().lifting_size;
  EXPECT_TRUE(std::equal(sent.begin() + (500 - punctured), sent.end(), parity));
}

TEST(NrRateMatcher, StartsEachVersionAtItsColumn) {
  const NrRateMatcher one(1, 384, 8448, 100, 1), two(2, 384, 3840, 100, 1);
  const Index starts[2][4] = {{0, 17, 33, 56}, {0, 13, 25, 43}};
  for (int version = 0; version < 4; ++version) {
    EXPECT_EQ(one.start(version), starts[0][version] * 384);
    EXPECT_EQ(two.start(version), starts[1][version] * 384);
  }
}

TEST(NrRateMatcher, WrapsAroundAndNeverSendsAFiller) {
  // N = 50 * 4 code bits, of which 40 - 33 are fillers; more sent than there are.
  const NrRateMatcher matcher(2, 4, 33, 300, 1);
  Bits buffer(200);
  for (Index i = 33 - 8; i < 32; ++i) buffer[i] = 1;
  Bits sent(300);
  for (int version = 0; version < 4; ++version) {
    matcher.select(buffer, version, sent);
    EXPECT_EQ(std::count(sent.begin(), sent.end(), 1), 0) << version;
  }
  std::vector<float> sums(200);
  matcher.add(std::vector<float>(300, 1.0f), 3, sums);
  EXPECT_EQ(std::count(sums.begin(), sums.end(), 0.0f), 7);
  EXPECT_EQ(sums[172], 2.0f);  // where version 3 starts, read twice
  EXPECT_EQ(sums[171], 1.0f);
}

TEST(NrRateMatcher, InterleavesRowsOfBitsIntoSymbols) {
  // Six selected bits in two rows of three: 0 1 2 / 3 4 5, read by columns.
  const NrRateMatcher matcher(2, 4, 40, 6, 2);
  std::vector<float> buffer(200);
  matcher.add(std::vector<float>{10, 13, 11, 14, 12, 15}, 0, buffer);
  for (Index i = 0; i < 6; ++i) EXPECT_EQ(buffer[i], static_cast<float>(10 + i));
}

struct Shape {
  Index info_bits;
  Index coded_bits;
  bool crc;
  Index bits_per_symbol;
  int base_graph;
};

std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << "k" << s.info_bits << "_n" << s.coded_bits << (s.crc ? "_crc" : "") << "_q" << s.bits_per_symbol << "_g"
             << s.base_graph;
}

class EveryShape : public testing::TestWithParam<std::tuple<Shape, std::string>> {
 protected:
  CodeSettings settings() const {
    const auto& [shape, decoder] = GetParam();
    return {.info_bits = shape.info_bits,
            .coded_bits = shape.coded_bits,
            .crc = shape.crc,
            .decoder = decoder,
            .bits_per_symbol = shape.bits_per_symbol,
            .base_graph = shape.base_graph};
  }
};

INSTANTIATE_TEST_SUITE_P(
    NrLdpc, EveryShape,
    testing::Combine(testing::Values(Shape{1, 24, false, 1, 0}, Shape{12, 24, false, 2, 2}, Shape{64, 128, false, 1, 0},
                                     Shape{300, 330, true, 6, 1}, Shape{640, 2000, true, 4, 2},
                                     Shape{500, 6000, false, 1, 0}, Shape{8448, 16896, false, 2, 1},
                                     Shape{20001, 30000, true, 8, 0}, Shape{10001, 30000, false, 6, 0}),
                     testing::ValuesIn(decoder_names("nr_ldpc"))));

TEST_P(EveryShape, ComesBackFromSureLlrsInEveryVersionThatHoldsTheMessage) {
  const NrLdpc code(settings());
  Stream stream(3, Purpose::user, 0);
  const Bits message = random_bits(stream, code.message_bits());
  const Bits sent = code.encode(message);
  ASSERT_EQ(static_cast<Index>(sent.size()), code.coded_bits());
  const Decoded decoded = code.decode(sure(sent));
  EXPECT_TRUE(decoded.ok);
  EXPECT_EQ(decoded.bits, message);
}

TEST(NrLdpc, ACrcCatchesAnotherCodeWord) {
  // The LLRs of a word of the same code whose CRC belongs to another message: every check holds, the CRC does not.
  const CodeSettings with_crc{.info_bits = 100, .coded_bits = 300, .crc = true};
  CodeSettings plain = with_crc;
  plain.crc = false;
  Stream stream(4, Purpose::user, 0);
  const Bits word = NrLdpc(plain).encode(random_bits(stream, 100));
  EXPECT_TRUE(NrLdpc(plain).decode(sure(word)).ok);
  EXPECT_FALSE(NrLdpc(with_crc).decode(sure(word)).ok);
}

TEST(NrLdpc, NoiseAloneIsNotOk) {
  const NrLdpc code({.info_bits = 100, .coded_bits = 300, .iterations = 5});
  Stream stream(5, Purpose::user, 0);
  Llrs llrs(300);
  for (int round = 0; round < 20; ++round) {
    stream.normals(llrs);
    EXPECT_FALSE(code.decode(llrs).ok);
  }
}

TEST(NrLdpc, LaterVersionsAddInformation) {
  // At rate 0.9 a third of the symbols of version 0 is lost; versions 2 and 3 fill in.
  const NrLdpc code({.info_bits = 900, .coded_bits = 1000, .bits_per_symbol = 2});
  Stream stream(6, Purpose::user, 0);
  const Bits message = random_bits(stream, 900);
  std::vector<float> buffer(static_cast<std::size_t>(code.buffer_size()));
  Llrs first = sure(code.encode(message, 0));
  std::fill(first.begin(), first.begin() + 333, 0.0f);
  code.combine(first, 0, buffer);
  EXPECT_FALSE(code.decode_buffer(buffer).ok);
  code.combine(sure(code.encode(message, 2)), 2, buffer);
  EXPECT_TRUE(code.decode_buffer(buffer).ok);
  EXPECT_EQ(code.decode_buffer(buffer).bits, message);
}

TEST(NrLdpc, BadSettingsAreNamed) {
  EXPECT_THROW(NrLdpc({.info_bits = 0}), Error);
  EXPECT_THROW(NrLdpc({.info_bits = 960, .coded_bits = 1000}), Error);
  EXPECT_THROW(NrLdpc({.coded_bits = 1001, .bits_per_symbol = 2}), Error);
  EXPECT_THROW(NrLdpc({.info_bits = 16, .crc = true}), Error);
  EXPECT_THROW(NrLdpc({.iterations = 0}), Error);
  EXPECT_THROW(NrLdpc({}).encode(Bits(499)), Error);
  EXPECT_THROW(NrLdpc({}).decode(Llrs(999)), Error);
  EXPECT_THROW(NrLdpc({}).decode(Llrs(1000, std::nanf(""))), Error);
  EXPECT_THROW(make_code({.code = "turbo"}), Error);
  EXPECT_THROW(make_code({.decoder = "viterbi"}), Error);
}

// Where one block in 17 is lost, 1.3 times as many are 0.04 dB: a quarter of a decibel makes them 4.5 times fewer.
TEST(NrLdpc, EightBitsLoseNextToNothing) {
  constexpr int kNumWords = 1500;
  for (const std::string rule : {"nms", "oms"}) {
    const auto exact = make_code({.info_bits = 500, .coded_bits = 1000, .decoder = rule + "_layered"});
    const auto coarse = make_code({.info_bits = 500, .coded_bits = 1000, .decoder = rule + "_layered_int8"});
    const float noise_var = std::pow(10.0f, -0.15f);  // Eb/N0 = 1.5 dB, per real dimension of BPSK at rate 1/2
    int exact_errors = 0, coarse_errors = 0;
    for (int word = 0; word < kNumWords; ++word) {
      Stream stream(10, Purpose::user, static_cast<std::uint64_t>(word));
      const Bits message = random_bits(stream, 500);
      Llrs llrs;
      for (const std::uint8_t bit : exact->encode(message))
        llrs.push_back(2 / noise_var * ((bit ? -1.0f : 1.0f) + std::sqrt(noise_var) * stream.normal()));
      exact_errors += exact->decode(llrs).bits != message;
      coarse_errors += coarse->decode(llrs).bits != message;
    }
    EXPECT_GT(exact_errors, 30) << rule;
    EXPECT_LT(coarse_errors, 1.3 * exact_errors) << rule;
  }
}

TEST(NrLdpc, ManyWordsGiveWhatEachGivesAlone) {
  for (const CodeSettings& settings :
       {CodeSettings{.info_bits = 100, .coded_bits = 200, .decoder = "nms_layered_int8"},
        CodeSettings{
            .info_bits = 4000, .coded_bits = 6000, .crc = true, .decoder = "oms_layered_int8", .base_graph = 2},
        CodeSettings{.info_bits = 100, .coded_bits = 200, .decoder = "nms_layered"}}) {
    const auto code = make_code(settings);
    const Index num_words = LdpcBatchDecoder::group_size() + 3;
    Stream stream(9, Purpose::user, 0);
    std::vector<float> llrs;
    for (Index word = 0; word < num_words; ++word) {
      Bits message(static_cast<std::size_t>(code->message_bits()));
      for (auto& bit : message) bit = stream.next_u32() & 1;
      for (const std::uint8_t bit : code->encode(message))
        llrs.push_back((bit ? -4.0f : 4.0f) + std::sqrt(8.0f) * stream.normal());
    }
    const std::vector<Decoded> words = code->decode_words(llrs);
    ASSERT_EQ(std::ssize(words), num_words);
    for (Index word = 0; word < num_words; ++word) {
      const Decoded alone = code->decode(std::span(llrs).subspan(word * code->coded_bits(), code->coded_bits()));
      EXPECT_EQ(words[word].bits, alone.bits);
      EXPECT_EQ(words[word].ok, alone.ok);
      EXPECT_EQ(words[word].iterations, alone.iterations);
    }
    llrs[3] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(code->decode_words(llrs), Error);
  }
}

TEST(NrLdpc, InfiniteLlrsOfBothSignsAddUpToNothing) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const char* name : {"nr_ldpc", "nr_polar", "conv_k7"}) {
    const Index info_bits = 40;
    const auto code = make_code({.code = name, .info_bits = info_bits, .coded_bits = 92, .crc = false});
    std::vector<float> buffer(static_cast<std::size_t>(code->buffer_size()));
    const std::vector<float> plus(92, infinity), minus(92, -infinity);
    for (int i = 0; i < 5; ++i) code->combine(plus, 0, buffer);
    EXPECT_TRUE(std::all_of(buffer.begin(), buffer.end(), [](float llr) { return std::isfinite(llr); })) << name;
    for (int i = 0; i < 5; ++i) code->combine(minus, 0, buffer);
    EXPECT_TRUE(std::all_of(buffer.begin(), buffer.end(), [](float llr) { return llr == 0; })) << name;
  }
}

}  // namespace
}  // namespace semlink
