#include <semlink/channel/fec/polar_code.h>

#include <algorithm>
#include <bit>
#include <string>

#include <semlink/channel/fec/polar_list.h>
#include <semlink/channel/fec/transport_crc.h>

namespace semlink {
namespace {

constexpr Index kSmallestExponent = 5, kLargestExponent = 10;
/// LLR of a shortened bit, which is known to be 0.
constexpr float kKnownLlr = 1e4f;

/// Table 5.4.1.1-1.
constexpr Index kSubBlocks[32] = {0,  1,  2,  4,  3,  5,  6,  7,  8,  16, 9,  17, 10, 18, 11, 19,
                                  12, 20, 13, 21, 14, 22, 15, 23, 24, 25, 26, 28, 27, 29, 30, 31};

Index ceil_log2(Index value) { return static_cast<Index>(std::bit_width(static_cast<std::size_t>(value - 1))); }

/// n of section 5.3.1.
Index exponent(Index info_bits, Index coded_bits) {
  Index by_length = ceil_log2(coded_bits);
  if (coded_bits > 1 && 8 * coded_bits <= 9 * (Index{1} << (by_length - 1)) && 16 * info_bits < 9 * coded_bits)
    --by_length;
  const Index by_rate = ceil_log2(8 * info_bits);
  return std::max(kSmallestExponent, std::min({by_length, by_rate, kLargestExponent}));
}

/// J(n) of section 5.4.1.1.
Index sub_block_interleaved(Index n, Index length) {
  return kSubBlocks[32 * n / length] * (length / 32) + n % (length / 32);
}

/// Section 5.4.1.3: written into the rows of a triangle, read by columns.
std::vector<Index> triangle_order(Index length) {
  Index side = 0;
  while (side * (side + 1) / 2 < length) ++side;
  std::vector<Index> order;
  for (Index column = 0; column < side; ++column)
    for (Index row = 0, start = 0; row + column < side; start += side - row, ++row)
      if (start + column < length) order.push_back(start + column);
  return order;
}

/// The running parity of section 5.3.1.2: five bits in a ring.
class ParityRing {
 public:
  void step() { ring_ = (ring_ >> 1 | ring_ << 4) & 31; }
  std::uint8_t parity() const { return ring_ & 1; }
  void add(std::uint8_t bit) { ring_ ^= bit & 1u; }

 private:
  unsigned ring_ = 0;
};

void transform(Bits& bits) {
  for (std::size_t half = 1; half < bits.size(); half *= 2)
    for (std::size_t start = 0; start < bits.size(); start += 2 * half)
      for (std::size_t i = start; i < start + half; ++i) bits[i] ^= bits[i + half];
}

}  // namespace

PolarCode::PolarCode(Index info_bits, Index coded_bits, Index parity_bits, Index low_weight)
    : info_bits_(info_bits), coded_bits_(coded_bits) {
  if (info_bits < 1) throw_bad_setting("info_bits", std::to_string(info_bits), "1 or more");
  const std::string sum = std::to_string(info_bits + parity_bits);
  if (coded_bits < info_bits + parity_bits)
    throw_bad_setting("coded_bits", std::to_string(coded_bits), "at least " + sum);
  kinds_.resize(std::size_t{1} << exponent(info_bits, coded_bits));
  if (info_bits + parity_bits > mother_bits())
    throw_bad_setting("info_bits", sum + " with CRC and parity", "at most " + std::to_string(mother_bits()));
  choose_channels(parity_bits, low_weight);
  interleaving_ = triangle_order(coded_bits);
}

std::vector<bool> PolarCode::lost_channels() const {
  const Index length = mother_bits();
  std::vector<bool> lost(kinds_.size());
  if (coded_bits_ >= length) return lost;
  if (16 * info_bits_ > 7 * coded_bits_) {  // shortened
    for (Index n = coded_bits_; n < length; ++n) lost[sub_block_interleaved(n, length)] = true;
    return lost;
  }
  for (Index n = 0; n < length - coded_bits_; ++n) lost[sub_block_interleaved(n, length)] = true;
  // ceil(3 N / 4 - E / 2) or ceil(9 N / 16 - E / 4) channels from the first on.
  const Index first =
      4 * coded_bits_ >= 3 * length ? (3 * length - 2 * coded_bits_ + 3) / 4 : (9 * length - 4 * coded_bits_ + 15) / 16;
  for (Index n = 0; n < first; ++n) lost[n] = true;
  return lost;
}

void PolarCode::choose_channels(Index parity_bits, Index low_weight) {
  const std::vector<bool> lost = lost_channels();
  std::vector<Index> best;  // from the most reliable on
  const auto sequence = polar_sequence();
  for (auto channel = sequence.rbegin(); channel != sequence.rend(); ++channel)
    if (*channel < mother_bits() && !lost[*channel] && std::ssize(best) < info_bits_ + parity_bits)
      best.push_back(*channel);
  if (std::ssize(best) < info_bits_ + parity_bits)
    throw_bad_setting("coded_bits", std::to_string(coded_bits_), "more for " + std::to_string(info_bits_) + " bits");
  for (const Index channel : best) kinds_[channel] = PolarBit::info;
  for (Index i = 0; i < parity_bits - low_weight; ++i) kinds_[best[best.size() - 1 - i]] = PolarBit::parity;
  if (low_weight == 0) return;
  const auto weight = [](Index channel) { return std::popcount(static_cast<std::size_t>(channel)); };
  const auto lightest = std::min_element(best.begin(), best.begin() + info_bits_,
                                         [&](Index a, Index b) { return weight(a) < weight(b); });
  kinds_[*lightest] = PolarBit::parity;
}

Index PolarCode::source(Index sent) const {
  const Index length = mother_bits();
  if (coded_bits_ >= length) return sub_block_interleaved(sent % length, length);
  const bool punctured = 16 * info_bits_ <= 7 * coded_bits_;
  return sub_block_interleaved(punctured ? sent + length - coded_bits_ : sent, length);
}

Bits PolarCode::encode(std::span<const std::uint8_t> info) const {
  Bits bits(kinds_.size());
  ParityRing ring;
  std::size_t next = 0;
  for (std::size_t channel = 0; channel < bits.size(); ++channel) {
    ring.step();
    if (kinds_[channel] == PolarBit::frozen) continue;
    bits[channel] = kinds_[channel] == PolarBit::parity ? ring.parity() : info[next++] & 1;
    if (kinds_[channel] == PolarBit::info) ring.add(bits[channel]);
  }
  transform(bits);
  Bits sent(static_cast<std::size_t>(coded_bits_));
  for (Index i = 0; i < coded_bits_; ++i) sent[i] = bits[source(interleaving_[i])];
  return sent;
}

std::vector<float> PolarCode::mother_llrs(std::span<const float> llrs) const {
  const bool shortened = coded_bits_ < mother_bits() && 16 * info_bits_ > 7 * coded_bits_;
  std::vector<float> mother(kinds_.size(), 0.0f);
  for (Index i = 0; i < coded_bits_; ++i) mother[source(interleaving_[i])] += llrs[i];
  if (shortened)
    for (Index n = coded_bits_; n < mother_bits(); ++n) mother[sub_block_interleaved(n, mother_bits())] = kKnownLlr;
  return mother;
}

PolarCode::Word PolarCode::decode(std::span<const float> llrs, Index list_size, const Crc& crc) const {
  if (static_cast<Index>(llrs.size()) != coded_bits_)
    throw_bad_setting("llrs", std::to_string(llrs.size()), std::to_string(coded_bits_));
  std::vector<Bits> words = polar_list(mother_llrs(llrs), kinds_, list_size);
  for (Bits& word : words)
    if (crc_holds(crc, word)) return {std::move(word), true};
  return {std::move(words.front()), false};
}

}  // namespace semlink
