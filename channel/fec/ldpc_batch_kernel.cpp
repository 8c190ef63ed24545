#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/channel/fec/ldpc_batch_kernel.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <vector>

#include <semlink/channel/fec/ldpc_batch_kernel_internal.h>
#include <semlink/channel/fec/ldpc_kernels_internal.h>

HWY_BEFORE_NAMESPACE();
namespace semlink::ldpc::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::ScalableTag<std::int8_t>;
using Magnitudes = hn::ScalableTag<std::uint8_t>;  // unsigned, so that |-128| is 128
using Vector = hn::Vec<Bytes>;
constexpr Index kWords = HWY_LANES(std::int8_t);
constexpr Index kSquare = std::min<Index>(16, kWords);  // 1 without vector instructions

constexpr Index whole_squares(Index count) { return (count + kSquare - 1) / kSquare * kSquare; }

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void transpose_square(const std::int8_t* from, Index, std::int8_t* to, Index) { *to = *from; }
#else
/// Transposes 16 x 16 bytes: four perfect shuffles of the rows.
HWY_INLINE void transpose_square(const std::int8_t* from, Index from_stride, std::int8_t* to, Index to_stride) {
  const hn::FixedTag<std::int8_t, kSquare> d;
  hn::Vec<decltype(d)> a[kSquare], b[kSquare];
  for (Index i = 0; i < kSquare; ++i) a[i] = hn::LoadU(d, from + i * from_stride);
  for (int round = 0; round < 4; ++round) {
    for (Index i = 0; i < kSquare / 2; ++i) {
      b[2 * i] = hn::InterleaveLower(d, a[i], a[i + kSquare / 2]);
      b[2 * i + 1] = hn::InterleaveUpper(d, a[i], a[i + kSquare / 2]);
    }
    for (Index i = 0; i < kSquare; ++i) a[i] = b[i];
  }
  for (Index i = 0; i < kSquare; ++i) hn::StoreU(a[i], d, to + i * to_stride);
}
#endif

/// The first iteration finds no messages of an earlier one, and nobody reads those of the last: that is a quarter of
/// what an iteration reads and writes.
enum class Pass { first, middle, last };

/// The LLRs of kWords words in flight, [bit][word], and the messages of their checks, [row][check][edge][word].
class Batch {
 public:
  explicit Batch(const BatchTask& task)
      : task_(task),
        size_(task.graph.lifting_size),
        is_normalized_(task.settings.rule == LdpcRule::normalized_min_sum),
        offset_(static_cast<std::uint8_t>(task.settings.offset * LdpcDecoderSettings::kEightBitScale)) {
    Index num_edges = 0;
    num_used_ = task.bits_per_word;
    for (const Index row : task.rows) {
      num_edges += static_cast<Index>(task.graph.rows[row].size());
      for (const LiftedGraph::Edge& edge : task.graph.rows[row])
        num_used_ = std::max(num_used_, (edge.column + 1) * size_);
    }
    num_bits_ = whole_squares(num_used_);
    llrs_ = hwy::AllocateAligned<std::int8_t>(static_cast<std::size_t>(num_bits_ * kWords));
    decided_ = hwy::AllocateAligned<std::int8_t>(static_cast<std::size_t>(whole_squares(task.bits_per_word) * kWords));
    messages_ = hwy::AllocateAligned<std::int8_t>(static_cast<std::size_t>(num_edges * size_ * kWords));
    load();
  }

  void run_iteration(Pass pass) {
    if (pass == Pass::first)
      run_rows<Pass::first>();
    else if (pass == Pass::last)
      run_rows<Pass::last>();
    else
      run_rows<Pass::middle>();
  }

  /// Lanes in which every check holds, as bytes of -1.
  Vector satisfied() const {
    const Bytes d;
    Vector failed = hn::Zero(d);
    for (const Index row : task_.rows)
      for (Index check = 0; check < size_; ++check) {
        Vector parity = hn::Zero(d);
        for (const LiftedGraph::Edge& edge : task_.graph.rows[row])
          parity = hn::Xor(parity, hn::Load(d, bit_of(edge, check)));
        failed = hn::Or(failed, parity);
      }
    return hn::VecFromMask(d, hn::Not(hn::Lt(failed, hn::Zero(d))));
  }

  /// Takes the decisions of these lanes as they now are.
  void settle(Vector lanes) {
    const Bytes d;
    const auto mask = hn::MaskFromVec(lanes);
    for (Index bit = 0; bit < whole_squares(task_.bits_per_word); ++bit) {
      std::int8_t* kept = decided_.get() + bit * kWords;
      hn::Store(hn::IfThenElse(mask, hn::Load(d, llrs_.get() + bit * kWords), hn::Load(d, kept)), d, kept);
    }
  }

  void write_bits() const {
    const Index num_bits = task_.bits_per_word, width = whole_squares(num_bits);
    std::vector<std::int8_t> rows(static_cast<std::size_t>(kSquare * width));
    for (Index word = 0; word < task_.num_words; word += kSquare) {
      for (Index bit = 0; bit < width; bit += kSquare)
        transpose_square(decided_.get() + bit * kWords + word, kWords, rows.data() + bit, width);
      for (Index i = 0; i < std::min(kSquare, task_.num_words - word); ++i) {
        std::uint8_t* HWY_RESTRICT bits = task_.bits + (word + i) * num_bits;
        const std::int8_t* HWY_RESTRICT row = rows.data() + i * width;
        for (Index bit = 0; bit < num_bits; ++bit) bits[bit] = row[bit] < 0;
      }
    }
  }

 private:
  /// Lanes without a word get zeros, which satisfy every check.
  void load() {
    const Index given = std::min(task_.num_llrs, num_used_);
    std::vector<std::int8_t> rows(static_cast<std::size_t>(kSquare * num_bits_));
    for (Index word = 0; word < kWords; word += kSquare) {
      std::fill(rows.begin(), rows.end(), std::int8_t{0});
      for (Index i = 0; i < std::min(kSquare, task_.num_words - word); ++i)
        quantize(task_.llrs + (word + i) * task_.num_llrs, given, &rows[i * num_bits_]);
      for (Index bit = 0; bit < num_bits_; bit += kSquare)
        transpose_square(rows.data() + bit, num_bits_, llrs_.get() + bit * kWords + word, kWords);
    }
  }

  HWY_INLINE std::int8_t* bit_of(const LiftedGraph::Edge& edge, Index check) const {
    const Index place = check + edge.shift;
    return llrs_.get() + (edge.column * size_ + (place < size_ ? place : place - size_)) * kWords;
  }

  /// What a check answers by the smallest magnitude that it heard.
  struct Correction {
    bool is_normalized;
    hn::Vec<Magnitudes> offset;

    HWY_INLINE hn::Vec<Magnitudes> operator()(hn::Vec<Magnitudes> smallest) const {
      const auto quarter = hn::ShiftRight<2>(hn::Add(smallest, hn::Set(Magnitudes(), 2)));  // rounded
      const auto corrected = is_normalized ? hn::Sub(smallest, quarter) : hn::SaturatedSub(smallest, offset);
      return hn::Min(corrected, hn::Set(Magnitudes(), kMaxMessage));
    }
  };

  template <Pass kPass>
  void run_rows() {
    std::int8_t* messages = messages_.get();
    for (const Index row : task_.rows) {
      const auto& edges = task_.graph.rows[row];
      const auto degree = static_cast<Index>(edges.size());
      // The weights that most rows have.
      if (degree == 3)
        run_row<kPass, 3>(edges, messages);
      else if (degree == 4)
        run_row<kPass, 4>(edges, messages);
      else if (degree == 5)
        run_row<kPass, 5>(edges, messages);
      else if (degree == 6)
        run_row<kPass, 6>(edges, messages);
      else if (degree == 7)
        run_row<kPass, 7>(edges, messages);
      else if (degree == 8)
        run_row<kPass, 8>(edges, messages);
      else if (degree == 10)
        run_row<kPass, 10>(edges, messages);
      else
        run_row<kPass, 0>(edges, messages);
      messages += degree * size_ * kWords;
    }
  }

  /// All checks of a row of kDegree edges, 0 where that is not known at compile time. What the loops need is in
  /// variables of their own: stores of bytes could otherwise change it.
  template <Pass kPass, Index kDegree>
  void run_row(const std::vector<LiftedGraph::Edge>& edges, std::int8_t* HWY_RESTRICT messages) {
    constexpr Index kRoom = kDegree > 0 ? kDegree : kMaxDegree;
    const Bytes d;
    const Magnitudes u;
    const Index degree = kDegree > 0 ? kDegree : static_cast<Index>(edges.size()), size = size_;
    const Correction answer{is_normalized_, hn::Set(u, offset_)};
    std::int8_t* bits[kRoom];
    Index until_wrap[kRoom];
    for (Index e = 0; e < degree; ++e) {
      bits[e] = bit_of(edges[e], 0);
      until_wrap[e] = size - edges[e].shift;
    }
    Vector inputs[kRoom];
    for (Index check = 0; check < size;) {
      // Up to where the next edge begins its column again.
      Index end = size;
      for (Index e = 0; e < degree; ++e) {
        if (until_wrap[e] == check) bits[e] -= size * kWords;
        if (until_wrap[e] > check) end = std::min(end, until_wrap[e]);
      }
      for (; check < end; ++check, messages += degree * kWords) {
        const Index at = check * kWords;
        auto smallest = hn::Set(u, 255), second = smallest;
        Vector sign = hn::Zero(d);
        HWY_UNROLL(10)
        for (Index e = 0; e < degree; ++e) {
          Vector q = hn::Load(d, bits[e] + at);
          if (kPass != Pass::first) q = hn::SaturatedSub(q, hn::Load(d, messages + e * kWords));
          inputs[e] = q;
          const auto magnitude = hn::BitCast(u, hn::Abs(q));
          sign = hn::Xor(sign, q);
          second = hn::Min(second, hn::Max(smallest, magnitude));
          smallest = hn::Min(smallest, magnitude);
        }
        const auto usual = answer(smallest), to_smallest = answer(second);
        HWY_UNROLL(10)
        for (Index e = 0; e < degree; ++e) {
          const Vector q = inputs[e];
          const auto is_smallest = hn::Eq(hn::BitCast(u, hn::Abs(q)), smallest);
          const Vector magnitude = hn::BitCast(d, hn::IfThenElse(is_smallest, to_smallest, usual));
          const Vector message = hn::IfNegativeThenElse(hn::Xor(sign, q), hn::Neg(magnitude), magnitude);
          if (kPass != Pass::last) hn::Store(message, d, messages + e * kWords);
          hn::Store(hn::SaturatedAdd(q, message), d, bits[e] + at);
        }
      }
    }
  }

  const BatchTask& task_;
  Index size_;
  bool is_normalized_;
  std::uint8_t offset_;
  Index num_used_ = 0;  ///< bits up to the last that a row holds or that is to be decided
  Index num_bits_ = 0;  ///< the same in whole squares
  hwy::AlignedFreeUniquePtr<std::int8_t[]> llrs_;
  hwy::AlignedFreeUniquePtr<std::int8_t[]> decided_;  ///< LLRs whose signs are the decisions of settled words
  hwy::AlignedFreeUniquePtr<std::int8_t[]> messages_;
};

void decode_group(const BatchTask& task) {
  const Bytes d;
  const LdpcDecoderSettings& settings = task.settings;
  Batch batch(task);
  Vector done = hn::Zero(d);
  HWY_ALIGN std::int8_t ok[kWords];
  for (int iteration = 1; iteration <= settings.iterations; ++iteration) {
    const bool is_last = iteration == settings.iterations;
    batch.run_iteration(iteration == 1 ? Pass::first : is_last ? Pass::last : Pass::middle);
    if (!is_last && !settings.early_stop) continue;
    const Vector satisfied = hn::Or(done, batch.satisfied());
    const Vector fresh = is_last ? hn::Not(done) : hn::AndNot(done, satisfied);
    hn::Store(fresh, d, ok);
    for (Index word = 0; word < task.num_words; ++word)
      if (ok[word] != 0) task.results[word].iterations = iteration;
    if (!hn::AllFalse(d, hn::MaskFromVec(fresh))) batch.settle(fresh);
    done = satisfied;
    if (hn::AllTrue(d, hn::MaskFromVec(done))) break;
  }
  hn::Store(done, d, ok);
  for (Index word = 0; word < task.num_words; ++word) task.results[word].ok = ok[word] != 0;
  batch.write_bits();
}

Index lanes() { return kWords; }

}  // namespace semlink::ldpc::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::ldpc {

HWY_EXPORT(decode_group);
HWY_EXPORT(lanes);

void decode_batch(const BatchTask& task) { HWY_DYNAMIC_DISPATCH(decode_group)(task); }
Index batch_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

}  // namespace semlink::ldpc
#endif  // HWY_ONCE
