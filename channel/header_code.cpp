#include <semlink/channel/header_code.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr const char* kModulations[] = {"bpsk", "qpsk"};

[[noreturn]] void throw_bad_name(const std::string& name) {
  std::string codes;
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
  if (!contains(BlockCode::names(), code.block_code) || !contains(kModulations, code.modulation) || !repetition_ok)
    throw_bad_name(name);
  return code;
}

HeaderCode HeaderCode::automatic(const SnrReport& report) {
  if (!report) return {.repetition = kUnknownSnrRepetition};
  // The small slack keeps a report of exactly one repetition's worth from rounding up.
  const double needed = std::ceil(std::pow(10.0, (kSingleSnrDb - *report) / 10) - 1e-9);
  return {.repetition = needed < kMaxRepetition ? std::max<Index>(1, static_cast<Index>(needed)) : kMaxRepetition};
}

PieceCoder::PieceCoder(const std::string& block_code, const std::string& modulation, Crc crc)
    : block_code_(block_code), modem_(modulation), crc_(crc) {}

Index PieceCoder::sent_bits(Index num_bits, Index repetition) const {
  return num_bits == 0 ? 0 : repetition * block_code_.coded_bits(num_bits + crc_.num_bits);
}

Index PieceCoder::uses(Index num_bits, Index repetition) const {
  return modem_.num_symbols(sent_bits(num_bits, repetition));
}

Symbols PieceCoder::encode(const Bits& bits, Index repetition) const {
  if (bits.empty()) return Symbols(0, 1);
  Bits checked = bits;
  const Bits check = crc_.of(bits);
  checked.insert(checked.end(), check.begin(), check.end());
  const Bits once = block_code_.encode(checked);
  Bits sent;
  sent.reserve(once.size() * static_cast<std::size_t>(repetition));
  for (Index copy = 0; copy < repetition; ++copy) sent.insert(sent.end(), once.begin(), once.end());
  return modem_.modulate(sent);
}

std::optional<Bits> PieceCoder::decode(const Eigen::Ref<const Symbols>& x_hat,
                                       const Eigen::Ref<const Eigen::VectorXf>& noise_var, Index num_bits,
                                       Index repetition) const {
  const Llrs llrs = modem_.demodulate(x_hat, noise_var);
  const Index coded = block_code_.coded_bits(num_bits + crc_.num_bits);
  std::vector<float> combined(static_cast<std::size_t>(coded));
  for (Index i = 0; i < coded * repetition; ++i) combined[i % coded] += llrs[i];

  Bits bits = block_code_.decode(combined, num_bits + crc_.num_bits);
  const Bits check(bits.end() - crc_.num_bits, bits.end());
  bits.resize(static_cast<std::size_t>(num_bits));
  if (check != crc_.of(bits)) return std::nullopt;
  return bits;
}

}  // namespace semlink
