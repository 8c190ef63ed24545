// Re-included once per instruction set; see Highway's foreach_target.h.
#if defined(SEMLINK_KERNELS_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEMLINK_KERNELS_PACK_INL_H_
#undef SEMLINK_KERNELS_PACK_INL_H_
#else
#define SEMLINK_KERNELS_PACK_INL_H_
#endif

#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/lanes-inl.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Copies a panel of B, [depth, columns] row-major, to rows of `width` (whole vectors), zeros beyond `columns`.
inline void pack_rows(Index depth, Index columns, const float* b, Index b_row, float* panel, Index width) {
  const Lanes d;
  const Index whole = columns / kLanes * kLanes;
  for (Index p = 0; p < depth; ++p, b += b_row, panel += width) {
    for (Index j = 0; j < whole; j += kLanes) hn::Store(hn::LoadU(d, b + j), d, panel + j);
    if (whole < width) hn::Store(load(b + whole, columns - whole), d, panel + whole);
  }
}

#if HWY_TARGET != HWY_SCALAR
/// Four elements each from kLanes / 4 rows: block g of the result comes from row 4 g.
template <class D>
HWY_INLINE hn::Vec<D> load_blocks(D d, const float* from, Index row) {
  constexpr Index lanes = hn::MaxLanes(D());
  if constexpr (lanes <= 4) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, load_blocks(half, from + lanes / 2 * row, row), load_blocks(half, from, row));
  }
}
#endif

/// Turns `from`, [kLanes, 4] row-major, into `to`, [4, kLanes] with rows `width` apart.
HWY_INLINE void transpose_block(const float* from, Index row, float* to, Index width) {
#if HWY_TARGET == HWY_SCALAR
  for (Index j = 0; j < 4; ++j) to[j * width] = from[j];
  static_cast<void>(row);
#else
  const Lanes d;
  const hn::Repartition<double, Lanes> d64;
  const auto row0 = load_blocks(d, from, row), row1 = load_blocks(d, from + row, row);
  const auto row2 = load_blocks(d, from + 2 * row, row), row3 = load_blocks(d, from + 3 * row, row);
  const auto low01 = hn::BitCast(d64, hn::InterleaveLower(d, row0, row1));
  const auto low23 = hn::BitCast(d64, hn::InterleaveLower(d, row2, row3));
  const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(d, row0, row1));
  const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(d, row2, row3));
  hn::Store(hn::BitCast(d, hn::InterleaveLower(d64, low01, low23)), d, to);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(d64, low01, low23)), d, to + width);
  hn::Store(hn::BitCast(d, hn::InterleaveLower(d64, high01, high23)), d, to + 2 * width);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(d64, high01, high23)), d, to + 3 * width);
#endif
}

/// As pack_rows, from B stored transposed, [columns, depth].
inline void pack_transposed(Index depth, Index columns, const float* b, Index b_row, float* panel, Index width) {
  const Index whole = columns / kLanes * kLanes, steps = depth / 4 * 4;
  for (Index j = 0; j < whole; j += kLanes) {
    for (Index p = 0; p < steps; p += 4) transpose_block(b + j * b_row + p, b_row, panel + p * width + j, width);
    for (Index p = steps; p < depth; ++p) {
      for (Index lane = 0; lane < kLanes; ++lane) panel[p * width + j + lane] = b[(j + lane) * b_row + p];
    }
  }
  for (Index p = 0; p < depth && whole < width; ++p) {
    for (Index j = whole; j < columns; ++j) panel[p * width + j] = b[j * b_row + p];
    std::fill(panel + p * width + columns, panel + (p + 1) * width, 0.0f);
  }
}

/// The nearest bf16 (ties to even) as a float whose lower 16 bits are zero. Stays NaN or infinite where `x` is.
HWY_INLINE Vector round_to_bf16(Vector x) {
  const Lanes d;
  const hn::Repartition<std::uint32_t, Lanes> d32;
  const auto bits = hn::BitCast(d32, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d32, 1u));
  const auto rounded = hn::And(hn::Add(bits, hn::Add(odd, hn::Set(d32, 0x7fffu))), hn::Set(d32, 0xffff0000u));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::BitCast(d, rounded));
}

/// Rounds [rows, columns] to bf16 values, kept as floats, into rows of `width` (whole vectors, zeros beyond `columns`).
inline void round_rows(Index rows, Index columns, const float* from, Index from_row, float* to, Index width) {
  const Lanes d;
  pack_rows(rows, columns, from, from_row, to, width);
  for (Index i = 0; i < rows * width; i += kLanes) hn::Store(round_to_bf16(hn::Load(d, to + i)), d, to + i);
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SEMLINK_KERNELS_PACK_INL_H_
