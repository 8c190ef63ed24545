#include <semlink/channel/header_code.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <vector>

#include <semlink/channel/fec/polar_code.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr const char* kModulations[] = {"bpsk", "qpsk"};
constexpr const char* kPolar = "polar";
constexpr Index kPolarListSize = 8;
constexpr Index kMaxPolarBits = 512;

/// Bits of each polar word of a piece: one word, or equal ones of at most kMaxPolarBits.
std::vector<Index> polar_words(Index num_bits) {
  const Index words = (num_bits + kMaxPolarBits - 1) / kMaxPolarBits;
  std::vector<Index> bits;
  for (Index word = 0; word < words; ++word) bits.push_back(num_bits / words + (word < num_bits % words ? 1 : 0));
  return bits;
}

Bits encode_polar(std::span<const std::uint8_t> bits, Index repetition) {
  Bits sent;
  for (const Index length : polar_words(static_cast<Index>(bits.size()))) {
    const Bits word = PolarCode(length, 2 * length * repetition).encode(bits.first(static_cast<std::size_t>(length)));
    sent.insert(sent.end(), word.begin(), word.end());
    bits = bits.subspan(static_cast<std::size_t>(length));
  }
  return sent;
}

/// The CRC chooses among the paths where it belongs to one word.
Bits decode_polar(std::span<const float> llrs, Index num_bits, Index repetition, const Crc& crc) {
  const std::vector<Index> words = polar_words(num_bits);
  Bits bits;
  for (const Index length : words) {
    const PolarCode code(length, 2 * length * repetition);
    const auto sent = static_cast<std::size_t>(code.coded_bits());
    const Bits word = code.decode(llrs.first(sent), kPolarListSize, words.size() == 1 ? crc : Crc{}).info;
    bits.insert(bits.end(), word.begin(), word.end());
    llrs = llrs.subspan(sent);
  }
  return bits;
}

[[noreturn]] void throw_bad_name(const std::string& name) {
  std::string codes = " polar";
  for (const std::string& code : BlockCode::names()) codes += " " + code;
  throw Error(ErrorCode::bad_scenario, "header.code = " + name +
                                           ": expected auto or CODE-MODULATION-xREPETITION with one of" + codes +
                                           ", bpsk or qpsk, x1 to x" + std::to_string(HeaderCode::kMaxRepetition));
}

/// The number in `xN`; 0 when it is none.
Index parse_repetition(const std::string& text) {
  Index value = 0;
  const char* end = text.data() + text.size();
  if (text.size() < 2 || text[0] != 'x') return 0;
  const auto [stop, error] = std::from_chars(text.data() + 1, end, value);
  return error == std::errc() && stop == end ? value : 0;
}

template <typename Names>
bool contains(const Names& names, const std::string& name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

HeaderCode HeaderCode::parse(const std::string& name) {
  const std::size_t first = name.find('-');
  if (first == std::string::npos) throw_bad_name(name);
  const std::size_t second = name.find('-', first + 1);
  HeaderCode code{.block_code = name.substr(0, first), .modulation = name.substr(first + 1, second - first - 1)};
  if (second != std::string::npos) code.repetition = parse_repetition(name.substr(second + 1));

  const bool repetition_ok = code.repetition >= 1 && code.repetition <= kMaxRepetition;
  const bool code_ok = code.block_code == kPolar || contains(BlockCode::names(), code.block_code);
  if (!code_ok || !contains(kModulations, code.modulation) || !repetition_ok) throw_bad_name(name);
  return code;
}

HeaderCode HeaderCode::automatic(const SnrReport& report) {
  if (!report) return {.repetition = kUnknownSnrRepetition};
  // The small slack keeps a report of exactly one repetition's worth from rounding up.
  const double needed = std::ceil(std::pow(10.0, (kSingleSnrDb - *report) / 10) - 1e-9);
  return {.repetition = needed < kMaxRepetition ? std::max<Index>(1, static_cast<Index>(needed)) : kMaxRepetition};
}

PieceCoder::PieceCoder(const std::string& block_code, const std::string& modulation, Crc crc)
    : modem_(modulation), crc_(crc) {
  if (block_code != kPolar) block_code_.emplace(block_code);
}

Index PieceCoder::sent_bits(Index num_bits, Index repetition) const {
  if (num_bits == 0) return 0;
  const Index checked = num_bits + crc_.num_bits;
  return repetition * (block_code_ ? block_code_->coded_bits(checked) : 2 * checked);
}

Index PieceCoder::uses(Index num_bits, Index repetition) const {
  return modem_.num_symbols(sent_bits(num_bits, repetition));
}

Bits PieceCoder::protect(const Bits& checked, Index repetition) const {
  if (!block_code_) return encode_polar(checked, repetition);
  const Bits once = block_code_->encode(checked);
  Bits sent;
  sent.reserve(once.size() * static_cast<std::size_t>(repetition));
  for (Index copy = 0; copy < repetition; ++copy) sent.insert(sent.end(), once.begin(), once.end());
  return sent;
}

Bits PieceCoder::recover(std::span<const float> llrs, Index num_bits, Index repetition) const {
  if (!block_code_) return decode_polar(llrs, num_bits, repetition, crc_);
  const Index coded = block_code_->coded_bits(num_bits);
  std::vector<float> combined(static_cast<std::size_t>(coded));
  for (Index i = 0; i < coded * repetition; ++i) combined[i % coded] += llrs[i];
  return block_code_->decode(combined, num_bits);
}

Symbols PieceCoder::encode(const Bits& bits, Index repetition) const {
  if (bits.empty()) return Symbols(0, 1);
  Bits checked = bits;
  const Bits check = crc_.of(bits);
  checked.insert(checked.end(), check.begin(), check.end());
  return modem_.modulate(protect(checked, repetition));
}

std::optional<Bits> PieceCoder::decode(const Eigen::Ref<const Symbols>& x_hat,
                                       const Eigen::Ref<const Eigen::VectorXf>& noise_var, Index num_bits,
                                       Index repetition) const {
  const Llrs llrs = modem_.demodulate(x_hat, noise_var);
  const auto sent = static_cast<std::size_t>(sent_bits(num_bits, repetition));
  Bits bits = recover(std::span(llrs).first(sent), num_bits + crc_.num_bits, repetition);
  const Bits check(bits.end() - crc_.num_bits, bits.end());
  bits.resize(static_cast<std::size_t>(num_bits));
  if (check != crc_.of(bits)) return std::nullopt;
  return bits;
}

}  // namespace semlink
