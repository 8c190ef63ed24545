// A short run of the fuzz targets on random inputs and on damaged valid ones, as part of the tests; header_fuzzer.cpp
// is the same under libFuzzer.
#include <gtest/gtest.h>
#include <semlink/core/rng.h>

#include <vector>

#include "parse_header.h"

namespace semlink::fuzz {
namespace {

std::vector<std::uint8_t> random_bytes(Stream& stream, std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(stream.next_u32());
  return bytes;
}

TEST(HeaderFuzz, PiecesOfRandomBitsAreReadOrRefused) {
  Stream stream(1, Purpose::user, 0);
  for (int round = 0; round < 20000; ++round) parse_pieces(random_bytes(stream, stream.below(80)));
}

TEST(HeaderFuzz, LargeGridsOfRandomBitsAreReadOrRefused) {
  // First bit set: a large header, whose second piece names a grid of up to 1024 x 1024.
  Stream stream(2, Purpose::user, 0);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint8_t> bytes = random_bytes(stream, 2000);
    bytes[0] = 0;
    bytes[1] |= 1;
    parse_pieces(bytes);
  }
}

TEST(HeaderFuzz, FramesOfRandomSymbolsAreReadOrRefused) {
  Stream stream(3, Purpose::user, 0);
  for (int round = 0; round < 1000; ++round) parse_frame(random_bytes(stream, stream.below(600)));
}

TEST(HeaderFuzz, DamagedHeadersAreReadOrRefused) {
  Stream stream(4, Purpose::user, 0);
  const adaptive::Header header{.grid = {8, 8}, .encoder_exit = 3, .width = 5, .map = {{1, 5, 9, 40, 63}}};
  const std::vector<SideInfo> pieces = write_header(header, adaptive::find_selector("learned"));
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint8_t> bytes{0};
    for (const SideInfo& piece : pieces)
      for (std::size_t bit = 0; bit < piece.bits.size(); ++bit) {
        if (bit % 8 == 0) bytes.push_back(0);
        bytes.back() |= static_cast<std::uint8_t>(piece.bits[bit] << bit % 8);
      }
    for (int flip = 0; flip < 3; ++flip) bytes[1 + stream.below(bytes.size() - 1)] ^= 1u << stream.below(8);
    parse_pieces(bytes);
  }
}

}  // namespace
}  // namespace semlink::fuzz
