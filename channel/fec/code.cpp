#include <semlink/channel/fec/code.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <semlink/channel/fec/convolutional.h>
#include <semlink/channel/fec/nr_ldpc.h>
#include <semlink/channel/fec/nr_polar.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

/// As many coded bits as information bits, decided one by one.
class Uncoded final : public Code {
 public:
  explicit Uncoded(const CodeSettings& settings) : num_bits_(settings.info_bits) {
    if (num_bits_ < 1 || settings.coded_bits != num_bits_)
      throw Error(ErrorCode::bad_argument, "coded_bits = " + std::to_string(settings.coded_bits) +
                                               ": expected info_bits = " + std::to_string(num_bits_) +
                                               " without a code");
  }

  Index message_bits() const override { return num_bits_; }
  Index info_bits() const override { return num_bits_; }
  Index coded_bits() const override { return num_bits_; }
  Bits encode(const Bits& message, int) const override {
    if (static_cast<Index>(message.size()) != num_bits_)
      throw Error(ErrorCode::bad_argument,
                  "message = " + std::to_string(message.size()) + " bits: expected " + std::to_string(num_bits_));
    return message;
  }
  Index buffer_size() const override { return num_bits_; }
  void combine(std::span<const float> llrs, int, std::span<float> buffer) const override {
    for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] += bounded_llr(llrs[i]);
  }
  Decoded decode_buffer(std::span<const float> buffer) const override {
    Decoded decoded{.ok = true};
    for (const float llr : buffer) decoded.bits.push_back(llr < 0);
    return decoded;
  }

 private:
  Index num_bits_;
};

struct Entry {
  std::string name;
  std::vector<std::string> decoders;
  std::unique_ptr<const Code> (*make)(const CodeSettings&);
};

template <typename Made>
std::unique_ptr<const Code> make(const CodeSettings& settings) {
  return std::make_unique<const Made>(settings);
}

template <bool kTailBiting>
std::unique_ptr<const Code> make_convolutional(const CodeSettings& settings) {
  return std::make_unique<const Convolutional>(settings, kTailBiting);
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> list{
      {"none", {"hard"}, make<Uncoded>},
      {"nr_ldpc",
       {"nms_layered", "oms_layered", "bp_layered", "bp_flooding", "nms_layered_int8", "oms_layered_int8"},
       make<NrLdpc>},
      {"nr_polar", {"scl8", "sc", "scl2", "scl4", "scl16", "scl32"}, make<NrPolar>},
      {"conv_k7", {"viterbi"}, make_convolutional<false>},
      {"conv_k7_tail_biting", {"viterbi"}, make_convolutional<true>},
  };
  return list;
}

const Entry* find(const std::string& name) {
  for (const Entry& entry : entries())
    if (entry.name == name) return &entry;
  return nullptr;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += " " + name;
  return text;
}

}  // namespace

void Code::require_no_nan(std::span<const float> llrs) {
  // In whole numbers and without a way out of the loop: that is vector code.
  std::uint32_t largest = 0;
  for (const float llr : llrs) largest = std::max(largest, std::bit_cast<std::uint32_t>(llr) << 1);
  constexpr std::uint32_t kInfinity = 0xff000000;  // shifted like them; NaNs lie above
  if (largest > kInfinity) throw Error(ErrorCode::non_finite, "an LLR is NaN");
}

std::vector<Decoded> Code::decode_words(std::span<const float> llrs) const {
  const auto word_bits = static_cast<std::size_t>(coded_bits());
  std::vector<Decoded> words;
  for (; !llrs.empty(); llrs = llrs.subspan(std::min(word_bits, llrs.size())))
    words.push_back(decode(llrs.first(std::min(word_bits, llrs.size()))));
  return words;
}

Decoded Code::decode(std::span<const float> llrs) const {
  if (static_cast<Index>(llrs.size()) != coded_bits())
    throw Error(ErrorCode::bad_argument,
                "llrs = " + std::to_string(llrs.size()) + ": expected " + std::to_string(coded_bits()));
  require_no_nan(llrs);
  std::vector<float> buffer(static_cast<std::size_t>(buffer_size()));
  combine(llrs, 0, buffer);
  return decode_buffer(buffer);
}

const std::vector<std::string>& code_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Entry& entry : entries()) list.push_back(entry.name);
    return list;
  }();
  return names;
}

const std::vector<std::string>& decoder_names(const std::string& code) {
  static const std::vector<std::string> nothing;
  const Entry* entry = find(code);
  return entry ? entry->decoders : nothing;
}

std::unique_ptr<const Code> make_code(const CodeSettings& settings) {
  const Entry* entry = find(settings.code);
  if (!entry)
    throw Error(ErrorCode::bad_argument, "code = " + settings.code + ": expected one of" + joined(code_names()));
  const std::vector<std::string>& decoders = entry->decoders;
  if (!settings.decoder.empty() && std::find(decoders.begin(), decoders.end(), settings.decoder) == decoders.end())
    throw Error(ErrorCode::bad_argument,
                "decoder = " + settings.decoder + ": expected one of" + joined(decoders) + " for " + settings.code);
  return entry->make(settings);
}

}  // namespace semlink
