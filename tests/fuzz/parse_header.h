#pragma once

#include <semlink/channel/framer.h>
#include <semlink/codecs/adaptive/header.h>

#include <vector>

#include "fuzz_input.h"

namespace semlink::fuzz {

/// The selector that the next byte names.
inline const adaptive::Selector& take_selector(Bytes& input) {
  return adaptive::selectors()[take_byte(input) % adaptive::selectors().size()];
}

/// What every accepted header promises its decoder.
inline void check_header(const adaptive::Header& header) {
  if (header.label) {
    require(*header.label >= 0 && *header.label < adaptive::kMaxHeaderClasses && header.map.tokens.empty());
    return;
  }
  const Index places = header.grid.height * header.grid.width;
  require(places >= 1 && header.encoder_exit >= 1 && header.width >= 1);
  const std::vector<Index>& tokens = header.map.tokens;
  require(static_cast<Index>(tokens.size()) <= places && header.map.rest_rows >= 0);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    require(tokens[i] >= 0 && tokens[i] < places);
    require(i == 0 || tokens[i - 1] < tokens[i]);
  }
  require(header.map.source.empty() || static_cast<Index>(header.map.source.size()) == places);
  for (const Index row : header.map.source) require(row >= -1 && row < header.map.num_rows());
}

/// Reads pieces that passed their CRC but hold whatever the input says: the first byte chooses the selection, the
/// others are bits.
inline void parse_pieces(Bytes input) {
  const adaptive::Selector& selector = take_selector(input);
  std::vector<Bits> pieces;
  for (Index bits = adaptive::next_header_bits(pieces, selector); bits > 0;
       bits = adaptive::next_header_bits(pieces, selector)) {
    require(bits <= Framer::kMaxPieceBits && pieces.size() < 4);
    Bits piece(static_cast<std::size_t>(bits));
    for (std::size_t i = 0; i < piece.size(); i += 8) {
      const unsigned byte = take_byte(input);
      for (std::size_t bit = i; bit < std::min(i + 8, piece.size()); ++bit) piece[bit] = byte >> (bit - i) & 1;
    }
    pieces.push_back(std::move(piece));
  }
  const auto header = adaptive::read_header(pieces, selector, TrialRng{});
  if (header) check_header(*header);
}

/// Parses a frame of arbitrary symbols: first byte the header code, second the selection, then two bytes per symbol.
inline void parse_frame(Bytes input) {
  const char* const codes[] = {"auto", "polar-qpsk-x1", "polar-bpsk-x3", "hamming74-qpsk-x2", "secded7264-bpsk-x1"};
  const Framer framer({.code = codes[take_byte(input) % std::size(codes)]});
  const adaptive::Selector& selector = take_selector(input);
  Equalized equalized;
  equalized.x_hat.resize(static_cast<Index>(input.size() / 2), 1);
  for (Index use = 0; use < equalized.x_hat.rows(); ++use) {
    const auto part = [&] { return static_cast<float>(static_cast<std::int8_t>(take_byte(input))) / 64; };
    const float real = part();
    equalized.x_hat(use, 0) = {real, part()};
  }
  equalized.noise_var = Eigen::VectorXf::Constant(equalized.x_hat.rows(), 0.1f);
  const auto next = [&](std::span<const Bits> pieces) { return adaptive::next_header_bits(pieces, selector); };
  const Received received = framer.parse(equalized, next, SnrReport(10.0));
  require(received.symbols.rows() <= equalized.x_hat.rows());
  if (!received.header_ok) return;
  const auto header = adaptive::read_header(received.side_info, selector, TrialRng{});
  if (header) check_header(*header);
}

}  // namespace semlink::fuzz
