#include <semlink/codecs/nn/kernels/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/product.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/kernels/pack-inl.h>
#include <semlink/codecs/nn/kernels/product.h>
#include <semlink/codecs/nn/kernels/scratch.h>
#include <semlink/codecs/nn/kernels/tile-inl.h>

#include <algorithm>
#include <array>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {

// Sizes of the blocks, for 32 KiB of first-level and 512 KiB of second-level cache or more: a panel of B
// [kDepthBlock, width of a tile] stays in the first level while the tiles of a column run over it, a block of A
// [kRowBlock, kDepthBlock] and the packed B [kDepthBlock, kColumnBlock] stay in the second.
constexpr Index kDepthBlock = 256;
constexpr Index kRowBlock = 32 * kTileRows;
constexpr Index kColumnBlock = 512;

using Tile = void (*)(const TileArgs&);

template <bool kTransposeA, std::size_t... kAt>
constexpr std::array<Tile, sizeof...(kAt)> make_tiles(std::index_sequence<kAt...>) {
  return {&tile<kAt / kTileVectors + 1, kAt % kTileVectors + 1, kTransposeA>...};
}

/// The tile of `rows` rows and `vectors` vectors.
template <bool kTransposeA>
Tile find_tile(Index rows, Index vectors) {
  static constexpr auto tiles = make_tiles<kTransposeA>(std::make_index_sequence<kTileRows * kTileVectors>());
  return tiles[static_cast<std::size_t>((rows - 1) * kTileVectors + vectors - 1)];
}

/// `count` things in the fewest parts of at most `largest`, as equal as they can be.
struct Parts {
  Index count, parts;
  Parts(Index count, Index largest) : count(count), parts(std::max<Index>(1, (count + largest - 1) / largest)) {}
  Index begin(Index part) const { return count * part / parts; }
  Index size(Index part) const { return begin(part + 1) - begin(part); }
};

/// One block of C: [rows, columns] += A [rows, depth] B [depth, columns].
struct Block {
  Index row, rows, column, columns, step, depth;
};

template <bool kTransposeA, bool kTransposeB>
class Product {
 public:
  explicit Product(const ProductArgs& args) : args_(args) {}

  void run() {
    const Parts steps(args_.k, kDepthBlock), columns(args_.n, kColumnBlock), rows(args_.m, kRowBlock);
    float* packed = scratch(Slot::product_b, (steps.size(steps.parts - 1) + 1) * (kColumnBlock + kTileVectors * kLanes));
    for (Index s = 0; s < steps.parts; ++s) {
      for (Index c = 0; c < columns.parts; ++c) {
        for (Index r = 0; r < rows.parts; ++r) {
          run_block({rows.begin(r), rows.size(r), columns.begin(c), columns.size(c), steps.begin(s), steps.size(s)}, packed,
                    r == 0);
        }
      }
    }
  }

 private:
  void run_block(const Block& block, float* packed, bool pack) {
    const Parts panels((block.columns + kLanes - 1) / kLanes, kTileVectors);
    for (Index at = 0; at < panels.parts; ++at) {
      const Index first = panels.begin(at) * kLanes, vectors = panels.size(at), width = vectors * kLanes;
      const Index columns = std::min(width, block.columns - first);
      float* panel = packed + first * block.depth;
      if (pack) pack_panel(block, block.column + first, columns, panel, width);
      run_panel(block, block.column + first, columns, panel, vectors);
    }
  }

  void pack_panel(const Block& block, Index column, Index columns, float* panel, Index width) {
    const Index ldb = args_.ldb;
    if (kTransposeB) {
      pack_transposed(block.depth, columns, args_.b + column * ldb + block.step, ldb, panel, width);
    } else {
      pack_rows(block.depth, columns, args_.b + block.step * ldb + column, ldb, panel, width);
    }
  }

  void run_panel(const Block& block, Index column, Index columns, const float* panel, Index vectors) {
    const Index width = vectors * kLanes, ldc = args_.ldc;
    TileArgs tile = {.depth = block.depth, .a = nullptr, .a_row = args_.lda, .b = panel, .b_row = width, .c = nullptr,
                     .c_row = ldc, .start = nullptr, .start_row = 0, .last_lanes = columns - (vectors - 1) * kLanes};
    const bool from_c = args_.accumulate || block.step > 0;
    for (Index i = block.row, end = block.row + block.rows; i < end; i += kTileRows) {
      const Index rows = std::min<Index>(kTileRows, end - i);
      tile.a = kTransposeA ? args_.a + block.step * args_.lda + i : args_.a + i * args_.lda + block.step;
      tile.c = args_.c + i * ldc + column;
      tile.start = from_c ? tile.c : args_.bias != nullptr ? args_.bias + column : nullptr;
      tile.start_row = from_c ? ldc : 0;
      find_tile<kTransposeA>(rows, vectors)(tile);
    }
  }

  const ProductArgs& args_;
};

void run_product(const ProductArgs& args) {
  if (args.transpose_a) {
    args.transpose_b ? Product<true, true>(args).run() : Product<true, false>(args).run();
  } else {
    args.transpose_b ? Product<false, true>(args).run() : Product<false, false>(args).run();
  }
}

/// For processors that cannot multiply bf16: float products of rounded copies.
void run_rounded_product(const ProductArgs& args) {
  const Index a_rows = args.transpose_a ? args.k : args.m, a_columns = args.transpose_a ? args.m : args.k;
  const Index b_rows = args.transpose_b ? args.n : args.k, b_columns = args.transpose_b ? args.k : args.n;
  const Index a_width = (a_columns + kLanes - 1) / kLanes * kLanes, b_width = (b_columns + kLanes - 1) / kLanes * kLanes;
  float* a = scratch(Slot::rounded, a_rows * a_width + b_rows * b_width);
  float* b = a + a_rows * a_width;
  round_rows(a_rows, a_columns, args.a, args.lda, a, a_width);
  round_rows(b_rows, b_columns, args.b, args.ldb, b, b_width);
  ProductArgs rounded = args;
  rounded.a = a, rounded.lda = a_width, rounded.b = b, rounded.ldb = b_width;
  run_product(rounded);
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::kernels {

HWY_EXPORT(run_product);
HWY_EXPORT(run_rounded_product);
HWY_EXPORT(target_name);

void product(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const float* a, Index lda, const float* b,
             Index ldb, float* c, Index ldc, const float* bias, bool accumulate, Precision precision) {
  if (m <= 0 || n <= 0) return;
  if (accumulate && bias != nullptr) {
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) c[i * ldc + j] += bias[j];
    }
  }
  const ProductArgs args{transpose_a, transpose_b, m, n, k, a, lda, b, ldb, c, ldc, bias, accumulate};
  if (precision == Precision::bf16) {
    HWY_DYNAMIC_DISPATCH(run_rounded_product)(args);
  } else {
    HWY_DYNAMIC_DISPATCH(run_product)(args);
  }
}

const char* level() { return HWY_DYNAMIC_DISPATCH(target_name)(); }
bool has_bf16() { return false; }

}  // namespace semlink::kernels
#endif  // HWY_ONCE
