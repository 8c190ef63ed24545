#pragma once

#include <span>

#include <semlink/core/types.h>

namespace semlink {

/// Rate matching of one NR LDPC code block (3GPP TS 38.212 V17.1.0, sections 5.4.2.1 and 5.4.2.2), without the limited
/// buffer: bits are read cyclically from the N = 66 Z (graph 1) or 50 Z (graph 2) code bits, fillers left out, from the
/// start k0 of the redundancy version, and then interleaved.
class NrRateMatcher {
 public:
  /// `block_bits` is K', `coded_bits` E, a multiple of `bits_per_symbol` Q; Q = 1 leaves the interleaver out.
  NrRateMatcher(int graph, Index lifting_size, Index block_bits, Index coded_bits, Index bits_per_symbol);

  Index coded_bits() const { return coded_bits_; }
  /// N, fillers included.
  Index buffer_size() const { return buffer_size_; }
  /// k0 of table 5.4.2.1-2; `version` in 0..3.
  Index start(int version) const;

  /// Behind the last bit of the buffer that is sent.
  Index end(int version) const;

  /// `sent` [coded_bits()] from the code bits `buffer` [buffer_size()].
  void select(std::span<const std::uint8_t> buffer, int version, std::span<std::uint8_t> sent) const;
  /// Adds `llrs` [coded_bits()] where their bits stand in `buffer` [end(version) or more]; a bit sent twice gets both.
  void add(std::span<const float> llrs, int version, std::span<float> buffer) const;

 private:
  /// Calls visit(position in the buffer, position among the selected bits, length) for every run of consecutive bits.
  template <typename Visit>
  void visit_runs(int version, Visit visit) const;

  int graph_;
  Index lifting_size_;
  Index coded_bits_;
  Index bits_per_symbol_;
  Index buffer_size_;
  Index filler_begin_;
  Index filler_end_;
};

}  // namespace semlink
