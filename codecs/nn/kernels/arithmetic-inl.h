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
#include <semlink/codecs/nn/kernels/tile-inl.h>

#include <algorithm>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A block of A as the tiles read it: tile t starts at at + t * tile; its element (i, p) is `i * row + p` further on,
/// or `i + p * row` where A is transposed.
struct BlockOfA {
  const float* at;
  Index row, tile;
};

/// Panels of a transposed A, one per tile: [steps, kTileRows] each. They lie one cache line further apart than they are
/// long, lest all of them meet in the same few sets of the cache.
class TransposedPanels {
 public:
  TransposedPanels(Index rows, Index steps)
      : rows_(rows),
        tile_(whole_vectors(steps * kTileRows) + 16),
        panels_(scratch(Slot::product_a, (rows + kTileRows - 1) / kTileRows * tile_)) {}

  /// Takes what the tiles multiply in one step: an element, or a pair of them, from every row of the block.
  HWY_INLINE void put(Index step, const float* column) {
    float* to = panels_ + step * kTileRows;
    Index i = 0;
    for (; i + kTileRows <= rows_; i += kTileRows, to += tile_) std::memcpy(to, column + i, kTileRows * sizeof(float));
    std::copy(column + i, column + rows_, to);
  }

  BlockOfA block() const { return {panels_, kTileRows, tile_}; }

 private:
  Index rows_, tile_;
  float* panels_;
};

/// Products of floats. A is read where it lies, unless it is transposed.
struct SinglePrecision {
  static constexpr Index kPerStep = 1;

  static HWY_INLINE Vector multiply_add(Vector a, Vector b, Vector sum) { return hn::MulAdd(a, b, sum); }

  template <bool kTranspose>
  static BlockOfA block_of_a(const ProductArgs& args, Index row, Index rows, Index step, Index depth) {
    const float* a = args.a + (kTranspose ? step * args.lda + row : row * args.lda + step);
    if (!kTranspose) return {a, args.lda, kTileRows * args.lda};
    TransposedPanels panels(rows, depth);
    for (Index p = 0; p < depth; ++p) panels.put(p, a + p * args.lda);
    return panels.block();
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

#undef SEMLINK_KERNELS_BF16
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
#define SEMLINK_KERNELS_BF16 1

// Highway 1.0 does not know AVX512_BF16. In assembly its three instructions need no compiler flag, so that this code
// can stand in the AVX-512 target; it runs only where the processor says it has them.

/// `first` and `second` rounded to nearest even, as 32 bf16: those of `first` come first.
HWY_INLINE Vector to_bf16(Vector first, Vector second) {
  Vector both;
  asm("vcvtne2ps2bf16 %1, %2, %0" : "=v"(both.raw) : "v"(first.raw), "v"(second.raw));
  return both;
}

/// The bf16 of `first` and `second` in turn: one pair per lane.
HWY_INLINE Vector to_pairs(Vector first, Vector second) {
  alignas(64) static constexpr std::uint16_t kInTurn[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                            21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                            11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const hn::Repartition<std::uint16_t, Lanes> d16;
  const auto both = hn::BitCast(d16, to_bf16(first, second));
  const hn::Vec<decltype(d16)> in_turn{_mm512_permutexvar_epi16(hn::Load(d16, kInTurn).raw, both.raw)};
  return hn::BitCast(Lanes(), in_turn);
}

/// Rows 2 p and 2 p + 1 of `from`, [depth, columns], become row p of pairs; rows of `to` are `width` apart (whole
/// vectors, zeros beyond `columns`).
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
    const float* a = args.a + (kTranspose ? step * args.lda + row : row * args.lda + step);
    const Index num_pairs = (depth + 1) / 2;
    if (kTranspose) {
      TransposedPanels panels(rows, num_pairs);
      const Index width = whole_vectors(rows);
      float* column = scratch(Slot::paired, width);
      for (Index p = 0; p < num_pairs; ++p) {
        pair_rows(std::min<Index>(2, depth - 2 * p), rows, a + 2 * p * args.lda, args.lda, column, width);
        panels.put(p, column);
      }
      return panels.block();
    }
    const Index width = whole_vectors(num_pairs);
    float* pairs = scratch(Slot::product_a, width * rows);
    pair_columns(rows, depth, a, args.lda, pairs, width);
    return {pairs, width, kTileRows * width};
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
