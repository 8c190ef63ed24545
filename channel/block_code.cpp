#include <semlink/channel/block_code.h>

#include <algorithm>
#include <array>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

struct Spec {
  const char* name;
  fec_scheme scheme;
  Index k;
  Index n;              ///< bits of liquid's output that belong to one block, fill bits that are always 0 included
  Index message_bytes;  ///< smallest message that liquid takes
};

constexpr std::array kSpecs{
    Spec{"none", LIQUID_FEC_NONE, 8, 8, 1},
    Spec{"rep3", LIQUID_FEC_REP3, 8, 24, 1},
    Spec{"rep5", LIQUID_FEC_REP5, 8, 40, 1},
    Spec{"hamming74", LIQUID_FEC_HAMMING74, 4, 7, 1},
    Spec{"hamming84", LIQUID_FEC_HAMMING84, 4, 8, 1},
    Spec{"hamming128", LIQUID_FEC_HAMMING128, 8, 12, 1},
    Spec{"golay2412", LIQUID_FEC_GOLAY2412, 12, 24, 3},
    Spec{"secded2216", LIQUID_FEC_SECDED2216, 16, 24, 2},
    Spec{"secded3932", LIQUID_FEC_SECDED3932, 32, 40, 4},
    Spec{"secded7264", LIQUID_FEC_SECDED7264, 64, 72, 8},
};

/// Largest k for which all words are kept and compared.
constexpr Index kMaxListedBits = 12;

const Spec& find_spec(const std::string& name) {
  std::string known;
  for (const Spec& spec : kSpecs) {
    if (name == spec.name) return spec;
    known += std::string(" ") + spec.name;
  }
  throw Error(ErrorCode::bad_argument, "block code = " + name + ": expected one of" + known);
}

std::vector<unsigned char> pack(const Bits& bits, std::size_t num_bytes) {
  std::vector<unsigned char> bytes(num_bytes);
  for (std::size_t i = 0; i < bits.size(); ++i)
    bytes[i / 8] |= static_cast<unsigned char>((bits[i] & 1) << (7 - i % 8));
  return bytes;
}

Bits unpack(const std::vector<unsigned char>& bytes, Index num_bits) {
  Bits bits(static_cast<std::size_t>(num_bits));
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = (bytes[i / 8] >> (7 - i % 8)) & 1;
  return bits;
}

FecObject make_fec(fec_scheme scheme) {
  FecObject fec(fec_create(scheme, nullptr));
  if (!fec) throw Error(ErrorCode::bad_argument, "liquid-dsp cannot make its code number " + std::to_string(scheme));
  return fec;
}

/// The word of a block whose message is bit `bit` alone.
Bits basis_word(const Spec& spec, Index bit) {
  Bits message(static_cast<std::size_t>(spec.k));
  message[static_cast<std::size_t>(bit)] = 1;
  const auto length = static_cast<unsigned>(spec.message_bytes);
  std::vector<unsigned char> bytes = pack(message, length);
  std::vector<unsigned char> coded(fec_get_enc_msg_length(spec.scheme, length));
  fec_encode(make_fec(spec.scheme).get(), length, bytes.data(), coded.data());
  return unpack(coded, spec.n);
}

/// For each byte of a word and each of its 256 values the sum of the LLRs where it has a one.
using ByteSums = std::vector<std::array<float, 256>>;

ByteSums sum_bytes(std::span<const float> llrs) {
  ByteSums sums((llrs.size() + 7) / 8);
  for (std::size_t byte = 0; byte < sums.size(); ++byte) {
    sums[byte][0] = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const float llr = 8 * byte + bit < llrs.size() ? llrs[8 * byte + bit] : 0.0f;
      for (std::size_t value = 0; value < (1u << bit); ++value)
        sums[byte][value + (1u << bit)] = sums[byte][value] + llr;
    }
  }
  return sums;
}

}  // namespace

const std::vector<std::string>& BlockCode::names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Spec& spec : kSpecs) list.emplace_back(spec.name);
    return list;
  }();
  return names;
}

BlockCode::BlockCode(const std::string& name) {
  const Spec& spec = find_spec(name);
  scheme_ = spec.scheme;
  k_ = spec.k;
  n_ = spec.n;
  is_sent_.assign(1, std::vector<bool>(static_cast<std::size_t>(n_)));
  for (Index bit = 0; bit < k_; ++bit) {
    basis_.push_back(basis_word(spec, bit));
    is_sent_.push_back(is_sent_.back());
    for (std::size_t i = 0; i < basis_.back().size(); ++i)
      if (basis_.back()[i]) is_sent_.back()[i] = true;
  }
  if (k_ > kMaxListedBits) return;

  words_.push_back(0);
  // The first message bit is the highest binary place of the index, so a shortened message is a multiple of a power of
  // two.
  for (Index bit = k_ - 1; bit >= 0; --bit) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < basis_[bit].size(); ++i) word |= std::uint64_t{basis_[bit][i]} << i;
    for (std::size_t i = 0, half = words_.size(); i < half; ++i) words_.push_back(words_[i] ^ word);
  }
}

Index BlockCode::bits_of_block(Index block, Index num_bits) const { return std::min(k_, num_bits - block * k_); }

Index BlockCode::coded_bits(Index num_bits) const {
  const auto sent = [this](Index bits) { return std::count(is_sent_[bits].begin(), is_sent_[bits].end(), true); };
  return num_bits / k_ * sent(k_) + sent(num_bits % k_);
}

template <typename Visit>
void BlockCode::visit_sent(Index num_bits, Visit visit) const {
  const Index blocks = num_blocks(num_bits);
  for (Index bit = 0; bit < n_; ++bit)
    for (Index block = 0; block < blocks; ++block)
      if (is_sent_[bits_of_block(block, num_bits)][bit]) visit(block, bit);
}

Bits BlockCode::encode(const Bits& message) const {
  const auto num_bits = static_cast<Index>(message.size());
  std::vector<Bits> words(static_cast<std::size_t>(num_blocks(num_bits)), Bits(static_cast<std::size_t>(n_)));
  for (Index i = 0; i < num_bits; ++i) {
    if (!(message[i] & 1)) continue;
    Bits& word = words[i / k_];
    for (Index bit = 0; bit < n_; ++bit) word[bit] ^= basis_[i % k_][bit];
  }
  Bits sent;
  sent.reserve(static_cast<std::size_t>(coded_bits(num_bits)));
  visit_sent(num_bits, [&](Index block, Index bit) { sent.push_back(words[block][bit]); });
  return sent;
}

Bits BlockCode::decode(std::span<const float> llrs, Index num_bits) const {
  if (static_cast<Index>(llrs.size()) != coded_bits(num_bits))
    throw Error(ErrorCode::bad_argument, std::to_string(llrs.size()) + " LLRs: expected " +
                                             std::to_string(coded_bits(num_bits)) + " for " + std::to_string(num_bits) +
                                             " bits");
  std::vector<float> by_block(static_cast<std::size_t>(num_blocks(num_bits) * n_));
  std::size_t next = 0;
  visit_sent(num_bits, [&](Index block, Index bit) { by_block[block * n_ + bit] = llrs[next++]; });

  Bits message;
  message.reserve(static_cast<std::size_t>(num_bits));
  for (Index block = 0; block < num_blocks(num_bits); ++block) {
    const std::span<const float> block_llrs(by_block.data() + block * n_, static_cast<std::size_t>(n_));
    const Index bits = bits_of_block(block, num_bits);
    const Bits part = words_.empty() ? decode_hard(block_llrs, bits) : decode_likeliest(block_llrs, bits);
    message.insert(message.end(), part.begin(), part.end());
  }
  return message;
}

Bits BlockCode::decode_likeliest(std::span<const float> llrs, Index num_bits) const {
  const ByteSums sums = sum_bytes(llrs);
  const std::size_t stride = std::size_t{1} << (k_ - num_bits);
  std::size_t best = 0;
  float best_sum = 0;  // of word 0; a smaller sum of LLRs over the ones is a likelier word
  for (std::size_t index = stride; index < words_.size(); index += stride) {
    float sum = 0;
    for (std::size_t byte = 0; byte < sums.size(); ++byte) sum += sums[byte][(words_[index] >> (8 * byte)) & 255];
    if (sum < best_sum) {
      best_sum = sum;
      best = index;
    }
  }
  Bits message(static_cast<std::size_t>(num_bits));
  for (Index bit = 0; bit < num_bits; ++bit) message[bit] = (best >> (k_ - 1 - bit)) & 1;
  return message;
}

Bits BlockCode::decode_hard(std::span<const float> llrs, Index num_bits) const {
  Bits word(llrs.size());
  for (std::size_t i = 0; i < llrs.size(); ++i) word[i] = llrs[i] < 0;
  std::vector<unsigned char> coded = pack(word, llrs.size() / 8);
  std::vector<unsigned char> message(static_cast<std::size_t>(k_ / 8));
  fec_decode(make_fec(static_cast<fec_scheme>(scheme_)).get(), static_cast<unsigned>(message.size()), coded.data(),
             message.data());
  return unpack(message, num_bits);
}

}  // namespace semlink
