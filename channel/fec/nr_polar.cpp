#include <semlink/channel/fec/nr_polar.h>

#include <string>

#include <semlink/channel/fec/transport_crc.h>

namespace semlink {
namespace {

constexpr Index kFewestBits = 12, kLongCrcFrom = 20;
constexpr Index kSegmentedBits = 1013, kSegmentedAtLowRate = 360, kSegmentedCodedBits = 1088;

/// Message bits of the settings; `info_bits` holds the CRC or not.
Index message_bits_of(const CodeSettings& s) {
  if (!s.crc) return s.info_bits;
  const bool is_long = s.info_bits - kNrCrc11.num_bits >= kLongCrcFrom;
  return s.info_bits - (is_long ? kNrCrc11 : kNrCrc6).num_bits;
}

Crc crc_for(Index message_bits) { return message_bits >= kLongCrcFrom ? kNrCrc11 : kNrCrc6; }

PolarCode code_for(const CodeSettings& s) {
  const Index bits = message_bits_of(s);
  const bool segmented = bits >= kSegmentedBits || (bits >= kSegmentedAtLowRate && s.coded_bits >= kSegmentedCodedBits);
  if (bits < kFewestBits || segmented)
    throw_bad_setting("info_bits", std::to_string(s.info_bits),
                      "12 to 1012 bits without CRC, fewer than 360 from 1088 coded bits on");
  const Index with_crc = bits + crc_for(bits).num_bits;
  if (bits >= kLongCrcFrom) return PolarCode(with_crc, s.coded_bits);
  return PolarCode(with_crc, s.coded_bits, 3, s.coded_bits - with_crc + 3 > 192 ? 1 : 0);
}

Index list_size_of(const CodeSettings& s) {
  const std::string name = s.decoder.empty() ? decoder_names("nr_polar").front() : s.decoder;
  return name == "sc" ? 1 : std::stol(name.substr(3));
}

}  // namespace

NrPolar::NrPolar(const CodeSettings& settings)
    : info_bits_(settings.info_bits),
      message_bits_(message_bits_of(settings)),
      crc_(crc_for(message_bits_)),
      code_(code_for(settings)),
      list_size_(list_size_of(settings)) {}

Bits NrPolar::encode(const Bits& message, int) const {
  if (static_cast<Index>(message.size()) != message_bits_)
    throw_bad_setting("message", std::to_string(message.size()) + " bits", std::to_string(message_bits_));
  Bits info = message;
  const Bits check = crc_.of(message);
  info.insert(info.end(), check.begin(), check.end());
  return code_.encode(info);
}

void NrPolar::combine(std::span<const float> llrs, int, std::span<float> buffer) const {
  if (static_cast<Index>(llrs.size()) != coded_bits() || llrs.size() != buffer.size())
    throw_bad_setting("llrs", std::to_string(llrs.size()), std::to_string(coded_bits()));
  for (std::size_t i = 0; i < llrs.size(); ++i) buffer[i] += bounded_llr(llrs[i]);
}

Decoded NrPolar::decode_buffer(std::span<const float> buffer) const {
  PolarCode::Word word = code_.decode(buffer, list_size_, crc_);
  word.info.resize(static_cast<std::size_t>(message_bits_));
  return {.bits = std::move(word.info), .ok = word.crc_ok};
}

}  // namespace semlink
