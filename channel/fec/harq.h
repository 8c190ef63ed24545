#pragma once

#include <array>
#include <span>
#include <vector>

#include <semlink/channel/fec/code.h>

namespace semlink {

/// The order in which redundancy versions are sent (3GPP TS 38.214 V17.1.0, section 5.1.2.1): later transmissions bring
/// new code bits. Chase combining is the order 0: the code bits of the first, again.
inline constexpr std::array<int, 4> kNrRedundancyOrder{0, 2, 3, 1};

/// The redundancy version of transmission `attempt`, 0 for the first; `order` begins anew when it is used up.
constexpr int harq_version(std::span<const int> order, int attempt) {
  return order[static_cast<std::size_t>(attempt) % order.size()];
}

/// What a receiver keeps of one word until it is decoded: the sum of all its transmissions. `code` must outlive it.
class SoftBuffer {
 public:
  explicit SoftBuffer(const Code& code) : code_(code), llrs_(static_cast<std::size_t>(code.buffer_size())) {}

  /// Adds one transmission, code.coded_bits() LLRs of redundancy version `version`.
  void add(std::span<const float> llrs, int version) { code_.combine(llrs, version, llrs_); }
  Decoded decode() const { return code_.decode_buffer(llrs_); }
  void clear() { llrs_.assign(llrs_.size(), 0.0f); }

 private:
  const Code& code_;
  std::vector<float> llrs_;
};

}  // namespace semlink
