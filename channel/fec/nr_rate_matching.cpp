#include <semlink/channel/fec/nr_rate_matching.h>

#include <algorithm>
#include <vector>

#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/ldpc_base_graph.h>

namespace semlink {
namespace {

/// Numerators of k0 in lifted columns for redundancy versions 0..3.
constexpr Index kStarts[2][4] = {{0, 17, 33, 56}, {0, 13, 25, 43}};

/// Block columns that are never sent.
constexpr Index kPuncturedColumns = 2;

}  // namespace

NrRateMatcher::NrRateMatcher(int graph, Index lifting_size, Index block_bits, Index coded_bits, Index bits_per_symbol)
    : graph_(graph), lifting_size_(lifting_size), coded_bits_(coded_bits), bits_per_symbol_(bits_per_symbol) {
  const BaseGraphSize size = base_graph_size(graph);
  buffer_size_ = (size.columns - kPuncturedColumns) * lifting_size;
  filler_begin_ = std::max<Index>(0, block_bits - kPuncturedColumns * lifting_size);
  filler_end_ = (size.info_columns - kPuncturedColumns) * lifting_size;
}

Index NrRateMatcher::start(int version) const { return kStarts[graph_ - 1][version] * lifting_size_; }

template <typename Visit>
void NrRateMatcher::visit_runs(int version, Visit visit) const {
  Index from = start(version);
  for (Index done = 0; done < coded_bits_;) {
    if (from >= filler_begin_ && from < filler_end_) from = filler_end_;
    const Index run_end = from < filler_begin_ ? filler_begin_ : buffer_size_;
    const Index length = std::min(run_end - from, coded_bits_ - done);
    visit(from, done, length);
    done += length;
    from = (from + length) % buffer_size_;
  }
}

Index NrRateMatcher::end(int version) const {
  Index end = 0;
  visit_runs(version, [&](Index from, Index, Index length) { end = std::max(end, from + length); });
  return end;
}

void NrRateMatcher::select(std::span<const std::uint8_t> buffer, int version, std::span<std::uint8_t> sent) const {
  if (bits_per_symbol_ == 1) {
    visit_runs(version, [&](Index from, Index to, Index length) {
      std::copy_n(buffer.data() + from, length, sent.data() + to);
    });
    return;
  }
  Bits selected(sent.size());
  visit_runs(version, [&](Index from, Index to, Index length) {
    std::copy_n(buffer.data() + from, length, selected.data() + to);
  });
  const Index symbols = coded_bits_ / bits_per_symbol_;
  for (Index bit = 0; bit < bits_per_symbol_; ++bit)
    for (Index symbol = 0; symbol < symbols; ++symbol)
      sent[symbol * bits_per_symbol_ + bit] = selected[bit * symbols + symbol];
}

void NrRateMatcher::add(std::span<const float> llrs, int version, std::span<float> buffer) const {
  std::vector<float> selected;
  const float* ordered = llrs.data();
  if (bits_per_symbol_ > 1) {
    selected.resize(llrs.size());
    const Index symbols = coded_bits_ / bits_per_symbol_;
    for (Index bit = 0; bit < bits_per_symbol_; ++bit)
      for (Index symbol = 0; symbol < symbols; ++symbol)
        selected[bit * symbols + symbol] = llrs[symbol * bits_per_symbol_ + bit];
    ordered = selected.data();
  }
  visit_runs(version, [&](Index from, Index at, Index length) {
    for (Index i = 0; i < length; ++i) buffer[from + i] += bounded_llr(ordered[at + i]);
  });
}

}  // namespace semlink
