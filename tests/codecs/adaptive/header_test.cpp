#include <gtest/gtest.h>

#include <numeric>

#include <semlink/codecs/adaptive/header.h>
#include <semlink/codecs/adaptive/position_code.h>
#include <semlink/codecs/adaptive/selection.h>

namespace semlink::adaptive {
namespace {

/// The pieces as a receiver collects them: it asks for the next length until there are no more.
std::vector<Bits> receive(const std::vector<SideInfo>& pieces, const Selector& selection) {
  std::vector<Bits> received;
  for (const SideInfo& piece : pieces) {
    EXPECT_EQ(next_header_bits(received, selection), static_cast<Index>(piece.bits.size()));
    EXPECT_EQ(next_is_positions(received, selection), piece.positions);
    received.push_back(piece.bits);
  }
  EXPECT_EQ(next_header_bits(received, selection), 0);
  return received;
}

std::vector<Index> some_tokens(Index num_tokens, Index count, std::uint64_t seed) {
  return random_tokens({1, num_tokens}, count, {seed, 0, 0});
}

void expect_round_trip(const Header& header, const Selector& selection) {
  const std::vector<Bits> pieces = receive(write_header(header, selection), selection);
  const std::optional<Header> back = read_header(pieces, selection, {});
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->grid.height, header.grid.height);
  EXPECT_EQ(back->grid.width, header.grid.width);
  EXPECT_EQ(back->encoder_exit, header.encoder_exit);
  EXPECT_EQ(back->width, header.width);
  EXPECT_EQ(back->map.tokens, header.map.tokens);
}

TEST(SubsetCode, NumbersEverySubsetOnce) {
  for (Index k = 0; k <= 6; ++k) {
    std::vector<bool> seen(std::size_t{1} << subset_bits(6, k), false);
    for (unsigned mask = 0; mask < 64; ++mask) {
      std::vector<Index> members;
      for (Index i = 0; i < 6; ++i)
        if (mask >> i & 1) members.push_back(i);
      if (static_cast<Index>(members.size()) != k) continue;
      const Bits bits = write_subset(6, members);
      ASSERT_EQ(static_cast<Index>(bits.size()), subset_bits(6, k));
      EXPECT_EQ(read_subset(6, k, bits), members);
      Index at = 0;
      const auto rank = read_number(bits, at, static_cast<Index>(bits.size()));
      EXPECT_FALSE(seen[rank]);
      seen[rank] = true;
    }
  }
}

TEST(SubsetCode, TakesTheFewestBits) {
  EXPECT_EQ(subset_bits(64, 0), 0);
  EXPECT_EQ(subset_bits(64, 64), 0);
  EXPECT_EQ(subset_bits(64, 1), 6);
  EXPECT_EQ(subset_bits(64, 32), 61);  // log2 C(64, 32) = 60.67
}

TEST(SubsetCode, RefusesRanksThatAreNone) {
  EXPECT_FALSE(read_subset(6, 3, Bits(5, 1)).has_value());
}  // 31 >= C(6, 3) = 20

TEST(Header, RoundTripsOnSmallGrids) {
  for (const Index count : {1, 13, 32, 63, 64})
    expect_round_trip({{8, 8}, 2, 12, some_tokens(64, count, 5)}, find_selector("learned"));
}

TEST(Header, RoundTripsOnLargeGrids) {
  for (const Index count : {1, 40, 1000, 6000, 6144})
    expect_round_trip({{64, 96}, 1, 3, some_tokens(64 * 96, count, 5)}, find_selector("learned"));
  expect_round_trip({{5, 9}, 3, 16, some_tokens(45, 7, 5)}, find_selector("learned"));
}

TEST(Header, AgreedTokensAreNotSent) {
  const Header header{{8, 8}, 2, 4, uniform_tokens({8, 8}, 20)};
  EXPECT_EQ(write_header(header, find_selector("uniform")).size(), 1U);
  expect_round_trip(header, find_selector("uniform"));
}

TEST(Header, LargeGridsTakeTheShorterDescription) {
  const auto position_bits_of = [](Index count) {
    Index bits = 0;
    for (const SideInfo& piece :
         write_header({{64, 96}, 1, 3, some_tokens(64 * 96, count, 5)}, find_selector("learned")))
      if (piece.positions) bits += static_cast<Index>(piece.bits.size());
    return bits;
  };
  EXPECT_EQ(position_bits_of(3072), 6144);  // half of the tokens: a bitmap
  EXPECT_LT(position_bits_of(600), 4000);   // one in ten: by window
  EXPECT_LE(position_bits_of(600), map_bits({64, 96}, 600, find_selector("learned")));
}

TEST(Header, GarbageIsBoundedAndRefusedOrRead) {
  Stream stream(9, Purpose::user, 0);
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<Bits> pieces;
    for (int i = 0; i < 6; ++i) {
      const Index bits = next_header_bits(pieces, find_selector("learned"));
      ASSERT_GE(bits, 0);
      ASSERT_LE(bits, Index{1} << 20);
      if (bits == 0) break;
      pieces.emplace_back(static_cast<std::size_t>(bits));
      for (auto& bit : pieces.back()) bit = static_cast<std::uint8_t>(stream.next_u32() & 1);
    }
    const auto header = read_header(pieces, find_selector("learned"), {});
    if (!header) continue;
    EXPECT_LE(static_cast<Index>(header->map.tokens.size()), header->grid.num_tokens());
    for (const Index token : header->map.tokens) EXPECT_LT(token, header->grid.num_tokens());
  }
}

TEST(AgreedTokens, UniformSpreadsOverTheGrid) {
  const std::vector<Index> tokens = uniform_tokens({8, 8}, 32);
  ASSERT_EQ(tokens.size(), 32U);
  std::vector<int> per_row(8, 0), per_column(8, 0);
  for (const Index token : tokens) {
    ++per_row[static_cast<std::size_t>(token / 8)];
    ++per_column[static_cast<std::size_t>(token % 8)];
  }
  for (int i = 0; i < 8; ++i) {
    EXPECT_NEAR(per_row[static_cast<std::size_t>(i)], 4, 1);
    EXPECT_NEAR(per_column[static_cast<std::size_t>(i)], 4, 1);
  }
}

}  // namespace
}  // namespace semlink::adaptive
