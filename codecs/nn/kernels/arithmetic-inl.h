// Re-included once per instruction set; see Highway's foreach_target.h.
#if defined(SEMLINK_KERNELS_ARITHMETIC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEMLINK_KERNELS_ARITHMETIC_INL_H_
#undef SEMLINK_KERNELS_ARITHMETIC_INL_H_
#else
#define SEMLINK_KERNELS_ARITHMETIC_INL_H_
#endif

#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/lanes-inl.h>
#include <semlink/codecs/nn/kernels/pack-inl.h>
#include <semlink/codecs/nn/kernels/product.h>
#include <semlink/codecs/nn/kernels/scratch.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A block of A as the tiles read it: element (i, p) at at[i * row + p], or at[i + p * row] when stored transposed.
struct BlockOfA {
  const float* at;
  Index row;
};

/// Products of floats: A is read where it lies.
struct SinglePrecision {
  static constexpr Index kPerStep = 1;

  static HWY_INLINE Vector multiply_add(Vector a, Vector b, Vector sum) {
    return hn::MulAdd(a, b, sum);
  }

  template <bool kTranspose>
  static BlockOfA block_of_a(const ProductArgs& args, Index row, Index /*rows*/, Index step, Index /*depth*/) {
    return {kTranspose ? args.a + step * args.lda + row : args.a + row * args.lda + step, args.lda};
  }

  template <bool kTranspose>
  static void pack_b(const ProductArgs& args, Index step, Index depth, Index column, Index columns, float* panel,
                     Index width) {
    if (kTranspose) {
      pack_transposed(depth, columns, args.b + column * args.ldb + step, args.ldb, panel, width);
    } else {
      pack_rows(depth, columns, args.b + step * args.ldb + column, args.ldb, panel, width);
    }
  }
};

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
#define SEMLINK_KERNELS_BF16 1

// Highway 1.0 does not know AVX512_BF16. In assembly its three instructions need no compiler flag, so that this code can
// stand in the AVX-512 target; it runs only where the processor says it has them.

/// `first` and `second` rounded to nearest even, as 32 bf16: those of `first` come first.
HWY_INLINE Vector to_bf16(Vector first, Vector second) {
  Vector both;
  asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(both.raw) : "v"(first.raw), "v"(second.raw));
  return both;
}

/// The bf16 of `first` and `second` in turn: one pair per lane.
HWY_INLINE Vector to_pairs(Vector first, Vector second) {
  alignas(64) static constexpr std::uint16_t kInTurn[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                            8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const hn::Repartition<std::uint16_t, Lanes> d16;
  const auto both = hn::BitCast(d16, to_bf16(first, second));
  const hn::Vec<decltype(d16)> in_turn{_mm512_permutexvar_epi16(hn::Load(d16, kInTurn).raw, both.raw)};
  return hn::BitCast(Lanes(), in_turn);
}

/// Rows 2 p and 2 p + 1 of `from`, [depth, columns], become row p of pairs; rows of `to` are `width` apart (whole vectors,
/// zeros beyond `columns`).
inline void pair_rows(Index depth, Index columns, const float* from, Index from_row, float* to, Index width) {
  const Lanes d;
  for (Index p = 0; p < depth; p += 2, from += 2 * from_row, to += width) {
    const float* next = p + 1 < depth ? from + from_row : nullptr;
    for_vectors(columns, [&](Index j, Index count) HWY_ATTR {
      const auto second = next != nullptr ? load(next + j, count) : hn::Zero(d);
      hn::Store(to_pairs(load(from + j, count), second), d, to + j);
    });
  }
}

/// Columns 2 p and 2 p + 1 of `from`, [rows, depth], become column p of pairs; rows of `to` are `width` apart (whole
/// vectors, zeros beyond the last pair).
inline void pair_columns(Index rows, Index depth, const float* from, Index from_row, float* to, Index width) {
  const Lanes d;
  for (Index i = 0; i < rows; ++i, from += from_row, to += width) {
    for (Index p = 0; p < depth; p += 2 * kLanes) {
      const Index count = std::min(kLanes, depth - p), more = std::clamp<Index>(depth - p - kLanes, 0, kLanes);
      hn::Store(to_bf16(load(from + p, count), load(from + p + count, more)), d, to + p / 2);
    }
  }
}

/// Products of pairs of bf16, two per lane and step; denormal factors count as zero.
struct HalfPrecision {
  static constexpr Index kPerStep = 2;

  static HWY_INLINE Vector multiply_add(Vector a, Vector b, Vector sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum.raw) : "v"(a.raw), "v"(b.raw));
    return sum;
  }

  template <bool kTranspose>
  static BlockOfA block_of_a(const ProductArgs& args, Index row, Index rows, Index step, Index depth) {
    const Index width = whole_vectors(kTranspose ? rows : (depth + 1) / 2);
    float* pairs = scratch(Slot::product_a, width * (kTranspose ? (depth + 1) / 2 : rows));
    if (kTranspose) {
      pair_rows(depth, rows, args.a + step * args.lda + row, args.lda, pairs, width);
    } else {
      pair_columns(rows, depth, args.a + row * args.lda + step, args.lda, pairs, width);
    }
    return {pairs, width};
  }

  template <bool kTranspose>
  static void pack_b(const ProductArgs& args, Index step, Index depth, Index column, Index columns, float* panel,
                     Index width) {
    if (kTranspose) {
      const Index pairs = (depth + 1) / 2, pairs_width = whole_vectors(pairs);
      float* rows = scratch(Slot::paired, columns * pairs_width);
      pair_columns(columns, depth, args.b + column * args.ldb + step, args.ldb, rows, pairs_width);
      pack_transposed(pairs, columns, rows, pairs_width, panel, width);
    } else {
      pair_rows(depth, columns, args.b + step * args.ldb + column, args.ldb, panel, width);
    }
  }
};
#else
#define SEMLINK_KERNELS_BF16 0
#endif

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SEMLINK_KERNELS_ARITHMETIC_INL_H_
