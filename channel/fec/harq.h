#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include <semlink/channel/fec/code.h>

namespace semlink {

/// What later transmissions of a word carry.
enum class HarqCombining {
  chase,        ///< the code bits of the first, again: the LLRs of a bit add up
  incremental,  ///< redundancy versions 0, 2, 3, 1 in turn (3GPP TS 38.214 V17.1.0, section 5.1.2.1): new code bits too
};

/// The redundancy version of transmission `attempt`, 0 for the first.
constexpr int harq_version(HarqCombining combining, int attempt) {
  constexpr std::array<int, 4> kOrder{0, 2, 3, 1};
  return combining == HarqCombining::chase ? 0 : kOrder[static_cast<std::size_t>(attempt) % kOrder.size()];
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
