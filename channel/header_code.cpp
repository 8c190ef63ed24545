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

/// Bits of each polar word of a piece without their CRCs: one word, or equal ones of at most kMaxPolarBits with the
/// CRC.
std::vector<Index> polar_words(Index num_bits, const Crc& crc) {
  const Index most = kMaxPolarBits - crc.num_bits;
  const Index words = (num_bits + most - 1) / most;
  std::vector<Index> bits;
  for (Index word = 0; word < words; ++word) bits.push_back(num_bits / words + (word < num_bits % words ? 1 : 0));
  return bits;
}

Index polar_coded_bits(Index length, double repetition) {
  return static_cast<Index>(std::ceil(2 * repetition * static_cast<double>(length) - 1e-9));
}

/// Code for a word of `length` bits with its CRC: rate 1/2, `repetition` times.
PolarCode polar_code(Index length, double repetition) { return {length, polar_coded_bits(length, repetition)}; }

void append(Bits& bits, const Bits& more) { bits.insert(bits.end(), more.begin(), more.end()); }

Bits with_crc(std::span<const std::uint8_t> bits, const Crc& crc) {
  Bits checked(bits.begin(), bits.end());
  append(checked, crc.of(bits));
  return checked;
}

[[noreturn]] void throw_bad_name(const std::string& name) {
  std::string codes = " polar";
  for (const std::string& code : BlockCode::names()) codes += " " + code;
  throw Error(ErrorCode::bad_scenario, "header.code = " + name +
                                           ": expected auto or CODE-MODULATION-xREPETITION with one of" + codes +
                                           ", bpsk or qpsk, x1 to x64 (polar: fractions from x0.625 on)");
}

/// The number in `xN`; 0 when it is none.
double parse_repetition(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  if (text.size() < 2 || text[0] != 'x') return 0;
  const auto [stop, error] = std::from_chars(text.data() + 1, end, value, std::chars_format::fixed);
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

  const bool is_polar = code.block_code == kPolar;
  const bool repetition_ok = code.repetition >= (is_polar ? kLeastRepetition : 1) &&
                             code.repetition <= kMostRepetition &&
                             (is_polar || code.repetition == std::floor(code.repetition));
  const bool code_ok = is_polar || contains(BlockCode::names(), code.block_code);
  if (!code_ok || !contains(kModulations, code.modulation) || !repetition_ok) throw_bad_name(name);
  return code;
}

HeaderCode HeaderCode::automatic(const SnrReport& report) {
  if (!report) return {.repetition = kUnknownSnrRepetition};
  return {.repetition = std::clamp(std::pow(10.0, (kSingleSnrDb - *report) / 10), 1.0, kMostRepetition)};
}

Crc HeaderCode::usual_crc() const { return block_code == kPolar ? kCrc24 : kCrc8; }

PieceCoder::PieceCoder(const std::string& block_code, const std::string& modulation, Crc crc)
    : modem_(modulation), crc_(crc) {
  if (block_code != kPolar) block_code_.emplace(block_code);
}

Index PieceCoder::sent_bits(Index num_bits, double repetition) const {
  if (num_bits == 0) return 0;
  if (block_code_) return static_cast<Index>(repetition) * block_code_->coded_bits(num_bits + crc_.num_bits);
  Index sent = 0;
  for (const Index length : polar_words(num_bits, crc_)) sent += polar_coded_bits(length + crc_.num_bits, repetition);
  return sent;
}

Index PieceCoder::uses(Index num_bits, double repetition) const {
  return modem_.num_symbols(sent_bits(num_bits, repetition));
}

Bits PieceCoder::protect_by_block_code(const Bits& bits, double repetition) const {
  const Bits once = block_code_->encode(with_crc(bits, crc_));
  Bits sent;
  sent.reserve(once.size() * static_cast<std::size_t>(repetition));
  for (Index copy = 0; copy < static_cast<Index>(repetition); ++copy) append(sent, once);
  return sent;
}

Bits PieceCoder::protect_by_polar(std::span<const std::uint8_t> bits, double repetition) const {
  Bits sent;
  for (const Index length : polar_words(std::ssize(bits), crc_)) {
    const Bits word = with_crc(bits.first(static_cast<std::size_t>(length)), crc_);
    append(sent, polar_code(std::ssize(word), repetition).encode(word));
    bits = bits.subspan(static_cast<std::size_t>(length));
  }
  return sent;
}

std::optional<Bits> PieceCoder::recover_by_block_code(std::span<const float> llrs, Index num_bits) const {
  const Index checked = num_bits + crc_.num_bits;
  const Index coded = block_code_->coded_bits(checked);
  std::vector<float> combined(static_cast<std::size_t>(coded));
  for (Index i = 0; i < std::ssize(llrs); ++i) combined[i % coded] += llrs[i];
  Bits bits = block_code_->decode(combined, checked);
  const Bits check(bits.end() - crc_.num_bits, bits.end());
  bits.resize(static_cast<std::size_t>(num_bits));
  if (check != crc_.of(bits)) return std::nullopt;
  return bits;
}

std::optional<Bits> PieceCoder::recover_by_polar(std::span<const float> llrs, Index num_bits, double repetition) const {
  Bits bits;
  for (const Index length : polar_words(num_bits, crc_)) {
    const PolarCode code = polar_code(length + crc_.num_bits, repetition);
    const auto sent = static_cast<std::size_t>(code.coded_bits());
    PolarCode::Word word = code.decode(llrs.first(sent), kPolarListSize, crc_);
    if (!word.crc_ok) return std::nullopt;
    word.info.resize(static_cast<std::size_t>(length));
    append(bits, word.info);
    llrs = llrs.subspan(sent);
  }
  return bits;
}

Symbols PieceCoder::encode(const Bits& bits, double repetition) const {
  if (bits.empty()) return Symbols(0, 1);
  return modem_.modulate(block_code_ ? protect_by_block_code(bits, repetition) : protect_by_polar(bits, repetition));
}

std::optional<Bits> PieceCoder::decode(const Eigen::Ref<const Symbols>& x_hat,
                                       const Eigen::Ref<const Eigen::VectorXf>& noise_var, Index num_bits,
                                       double repetition) const {
  const Llrs all = modem_.demodulate(x_hat, noise_var);
  const auto llrs = std::span(all).first(static_cast<std::size_t>(sent_bits(num_bits, repetition)));
  return block_code_ ? recover_by_block_code(llrs, num_bits) : recover_by_polar(llrs, num_bits, repetition);
}

}  // namespace semlink
