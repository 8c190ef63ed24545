#include <semlink/channel/framer.h>

#include <algorithm>

#include <semlink/core/error.h>

namespace semlink {
namespace {

HeaderCode code_of(const FramerSettings& settings) {
  // With auto the report changes only the repetition; code and modulation are those of any report.
  return settings.code == "auto" ? HeaderCode::automatic(std::nullopt) : HeaderCode::parse(settings.code);
}

Crc crc_of(const FramerSettings& settings, const HeaderCode& code) {
  if (settings.crc_bits == "auto") return code.usual_crc();
  return settings.crc_bits == "8" ? kCrc8 : settings.crc_bits == "16" ? kCrc16 : kCrc24;
}

}  // namespace

void FramerSettings::declare(Keys& keys) {
  keys.text("header.code", code)
      .help(
          "protection of side information: auto (NR polar, QPSK, as many code bits as the SNR report asks) or "
          "CODE-MODULATION-xREPETITION, e.g. golay2412-qpsk-x4 or polar-qpsk-x0.75");
  keys.choice("header.crc_bits", crc_bits, {"auto", "8", "16", "24"})
      .help("check bits of each piece of side information; auto: 24 with polar, 8 with a block code");
}

Framer::Framer(const Settings& settings)
    : automatic_(settings.code == "auto"),
      fixed_(code_of(settings)),
      coder_(fixed_.block_code, fixed_.modulation, crc_of(settings, fixed_)) {}

double Framer::repetition(const SnrReport& report) const {
  return automatic_ ? HeaderCode::automatic(report).repetition : fixed_.repetition;
}

Index Framer::uses(Index num_bits, const SnrReport& report) const { return coder_.uses(num_bits, repetition(report)); }

Symbols Framer::assemble(const Payload& payload, const SnrReport& report) const {
  if (payload.symbols.rows() > 0 && payload.symbols.cols() != 1)
    throw Error(ErrorCode::bad_argument,
                "payload with " + std::to_string(payload.symbols.cols()) + " streams: expected 1 for this framer");
  std::vector<Symbols> pieces;
  Index num_uses = payload.symbols.rows();
  for (const SideInfo& piece : payload.side_info) {
    if (static_cast<Index>(piece.bits.size()) > kMaxPieceBits)
      throw Error(ErrorCode::bad_argument, "side information of " + std::to_string(piece.bits.size()) +
                                               " bits: expected at most " + std::to_string(kMaxPieceBits));
    pieces.push_back(coder_.encode(piece.bits, repetition(report)));
    num_uses += pieces.back().rows();
  }

  Symbols frame(num_uses, 1);
  Index next = 0;
  for (const Symbols& piece : pieces) {
    frame.middleRows(next, piece.rows()) = piece;
    next += piece.rows();
  }
  if (payload.symbols.rows() > 0) frame.bottomRows(payload.symbols.rows()) = payload.symbols;
  return frame;
}

namespace {

/// Takes the shrinking of an MMSE equaliser out of the payload again: a codec reads symbols of gain one, whatever the
/// equaliser.
void restore_gain(Received& received) {
  constexpr float kMinGain = 1e-6f;  // a fade of -60 dB
  for (Index i = 0; i < received.symbols.rows(); ++i) {
    const float gain = std::max(1 - received.noise_var(i), kMinGain);
    received.symbols.row(i) /= gain;
    received.noise_var(i) /= gain;
  }
}

}  // namespace

Received Framer::parse(const Equalized& equalized, const NextPiece& next_piece, const SnrReport& report) const {
  Received received{.symbols = Symbols(0, 1), .quality = equalized.quality};
  if (!equalized.detected.value_or(true)) return received;
  Index next = 0;
  while (const Index num_bits = next_piece(received.side_info)) {
    if (num_bits < 0 || num_bits > kMaxPieceBits) return received;
    const Index length = uses(num_bits, report);
    if (length > equalized.x_hat.rows() - next) return received;
    std::optional<Bits> bits = coder_.decode(equalized.x_hat.middleRows(next, length),
                                             equalized.noise_var.segment(next, length), num_bits, repetition(report));
    if (!bits) return received;
    received.side_info.push_back(std::move(*bits));
    next += length;
  }
  received.header_ok = true;
  received.symbols = equalized.x_hat.bottomRows(equalized.x_hat.rows() - next);
  received.noise_var = equalized.noise_var.tail(equalized.x_hat.rows() - next);
  if (equalized.shrunk) restore_gain(received);
  return received;
}

}  // namespace semlink
