// Re-included once per instruction set; see Highway's foreach_target.h.
#if defined(SEMLINK_KERNELS_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEMLINK_KERNELS_TILE_INL_H_
#undef SEMLINK_KERNELS_TILE_INL_H_
#else
#define SEMLINK_KERNELS_TILE_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/lanes-inl.h>

#include <algorithm>
#include <array>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A tile's sums stay in registers together with one row of B and one element of A: 24 + 3 + 1 of 32 registers, or
// 12 + 2 + 1 of 16.
constexpr bool kManyRegisters = HWY_CAP_GE512 || HWY_ARCH_ARM_A64;
constexpr int kTileRows = kManyRegisters ? 8 : 6;
constexpr int kTileVectors = kManyRegisters ? 3 : 2;

/// One tile: sums over `depth` steps, `segments` times, on top of `start`, written to C. A step is one product, or two
/// where an element of A and B is a pair of bf16. Each segment but the first begins `a_jump` and `b_jump` behind the
/// end of the one before.
struct TileArgs {
  Index depth;
  Index segments = 1;
  Index a_jump = 0, b_jump = 0;
  const float* a = nullptr;  ///< element (i, p) at a[i * a_row + p], or a[i + p * a_row] when A is stored transposed
  Index a_row;
  const float* next_a = nullptr;  ///< the A of the next tile, to be fetched meanwhile; null when there is none
  const float* b;                 ///< row p at b + p * b_row: whole vectors, readable beyond the matrix's edge
  Index b_row;
  float* c = nullptr;
  Index c_row;
  const float* start =
      nullptr;  ///< what the sums start from, rows `start_row` apart (0: the same for every row); null: zero
  Index start_row;
  Index last_lanes;  ///< columns of the last vector that belong to the matrix, 1..kLanes
};

template <int kRows, int kVectors>
struct Sums {
  Vector at[kRows][kVectors];
};

template <int kRows, int kVectors>
HWY_INLINE void load_start(const TileArgs& args, Sums<kRows, kVectors>& sums) {
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) {
    const float* row = args.start + i * args.start_row;
    HWY_UNROLL(3)
    for (int v = 0; v < kVectors; ++v) {
      const Index count = v + 1 < kVectors ? kLanes : args.last_lanes;
      sums.at[i][v] = args.start == nullptr ? hn::Zero(Lanes()) : load(row + v * kLanes, count);
    }
  }
}

template <int kRows, int kVectors>
HWY_INLINE void store_sums(const TileArgs& args, const Sums<kRows, kVectors>& sums) {
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) {
    float* row = args.c + i * args.c_row;
    HWY_UNROLL(3)
    for (int v = 0; v < kVectors; ++v) {
      store(sums.at[i][v], row + v * kLanes, v + 1 < kVectors ? kLanes : args.last_lanes);
    }
  }
}

/// Fetches what the next tile reads of A, one cache line per row: A is the one operand that streams from afar. A
/// transposed one was packed just before.
template <int kRows, bool kTransposeA>
HWY_INLINE void fetch_ahead(const TileArgs& args, Index step) {
  if (kTransposeA || args.next_a == nullptr) return;
  HWY_UNROLL(8)
  for (int i = 0; i < kRows; ++i) hwy::Prefetch(args.next_a + i * args.a_row + step);
}

/// One multiply-add per sum and step, over p in order: the same bits for every tile size and vector width.
template <class Arithmetic, int kRows, int kVectors, bool kTransposeA>
void tile(const TileArgs& args) {
  constexpr Index kLine = 16;
  const Lanes d;
  Sums<kRows, kVectors> sums;
  load_start(args, sums);
  const float* a = args.a;
  const float* b = args.b;
  const Index a_row = args.a_row, b_row = args.b_row;
  for (Index segment = 0; segment < args.segments; ++segment, a += args.a_jump, b += args.b_jump) {
    for (Index step = 0; step < args.depth; step += kLine) {
      fetch_ahead<kRows, kTransposeA>(args, step);
      const Index end = std::min(kLine, args.depth - step);
      for (Index p = 0; p < end; ++p, b += b_row, a += kTransposeA ? a_row : 1) {
        Vector b_at[kVectors];
        HWY_UNROLL(3)
        for (int v = 0; v < kVectors; ++v) b_at[v] = hn::LoadU(d, b + v * kLanes);
        HWY_UNROLL(8)
        for (int i = 0; i < kRows; ++i) {
          const auto a_at = hn::Set(d, kTransposeA ? a[i] : a[i * a_row]);
          HWY_UNROLL(3)
          for (int v = 0; v < kVectors; ++v) sums.at[i][v] = Arithmetic::multiply_add(a_at, b_at[v], sums.at[i][v]);
        }
      }
    }
  }
  store_sums(args, sums);
}

using Tile = void (*)(const TileArgs&);

template <class Arithmetic, bool kTransposeA, std::size_t... kAt>
constexpr std::array<Tile, sizeof...(kAt)> make_tiles(std::index_sequence<kAt...>) {
  return {&tile<Arithmetic, kAt / kTileVectors + 1, kAt % kTileVectors + 1, kTransposeA>...};
}

/// The tile of `rows` rows and `vectors` vectors.
template <class Arithmetic, bool kTransposeA>
Tile find_tile(Index rows, Index vectors) {
  static constexpr auto tiles =
      make_tiles<Arithmetic, kTransposeA>(std::make_index_sequence<kTileRows * kTileVectors>());
  return tiles[static_cast<std::size_t>((rows - 1) * kTileVectors + vectors - 1)];
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SEMLINK_KERNELS_TILE_INL_H_
