#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/product.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/codecs/nn/kernels/arithmetic-inl.h>
#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/kernels/pack-inl.h>
#include <semlink/codecs/nn/kernels/packed_matrix.h>
#include <semlink/codecs/nn/kernels/product.h>
#include <semlink/codecs/nn/kernels/scratch.h>
#include <semlink/codecs/nn/kernels/tile-inl.h>

#include <algorithm>
#include <new>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {

// Sizes of the blocks, for 32 KiB of first-level and 512 KiB of second-level cache or more: a panel of B
// [kDepthBlock, width of a tile] streams through the first level while the tiles of a column run over it, a block of A
// [kRowBlock, kDepthBlock] and the packed B [kDepthBlock, kColumnBlock] stay in the levels behind. Depth counts steps.
constexpr Index kDepthBlock = 384;
constexpr Index kRowBlock = 32 * kTileRows;
constexpr Index kColumnBlock = 512;

constexpr Index divide_up(Index count, Index by) { return (count + by - 1) / by; }

/// `count` things in the fewest parts of at most `largest`, as equal as they can be; one empty part when there are
/// none. All parts but the last are multiples of `unit`.
class Parts {
 public:
  Parts(Index count, Index largest, Index unit = 1)
      : count_(count),
        parts_(std::max<Index>(1, divide_up(count, largest))),
        size_(divide_up(divide_up(count, parts_), unit) * unit) {}

  Index number() const { return parts_; }
  Index begin(Index part) const { return std::min(count_, part * size_); }
  Index size(Index part) const { return begin(part + 1) - begin(part); }

 private:
  Index count_, parts_, size_;
};

/// The block [rows, columns] of C, and the part of k that is added to it.
struct Block {
  Index row, rows, column, columns, k, depth;
};

template <class Arithmetic, bool kTransposeA, bool kTransposeB>
class Product {
 public:
  explicit Product(const ProductArgs& args) : args_(args) {}

  void run() {
    const Parts depths(args_.k, kDepthBlock * Arithmetic::kPerStep, Arithmetic::kPerStep);
    const Parts columns(args_.n, kColumnBlock, kLanes), rows(args_.m, kRowBlock, kTileRows);
    float* own = nullptr;
    if (args_.packed == nullptr)
      own = scratch(Slot::product_b, num_steps(depths.size(0)) * whole_vectors(columns.size(0)));
    const float* packed = args_.packed;
    for (Index s = 0; s < depths.number(); ++s) {
      for (Index c = 0; c < columns.number(); ++c) {
        for (Index r = 0; r < rows.number(); ++r) {
          const Block block{rows.begin(r),   rows.size(r),    columns.begin(c),
                            columns.size(c), depths.begin(s), depths.size(s)};
          run_block(block, own != nullptr ? own : packed, r == 0 ? own : nullptr);
        }
        if (packed != nullptr) packed += num_steps(depths.size(s)) * whole_vectors(columns.size(c));
      }
    }
  }

  /// Packs all of B to `to`, block after block, and returns its size; only returns it when `to` is null.
  Index pack_whole(float* to) const {
    const Parts depths(args_.k, kDepthBlock * Arithmetic::kPerStep, Arithmetic::kPerStep);
    const Parts columns(args_.n, kColumnBlock, kLanes);
    Index size = 0;
    for (Index s = 0; s < depths.number(); ++s) {
      for (Index c = 0; c < columns.number(); ++c) {
        const Block block{0, 0, columns.begin(c), columns.size(c), depths.begin(s), depths.size(s)};
        if (to != nullptr) for_panels(block, [&](const Panel& panel) { pack(block, panel, to + size); });
        size += num_steps(block.depth) * whole_vectors(block.columns);
      }
    }
    return size;
  }

 private:
  /// Columns of a block that one column of tiles covers.
  struct Panel {
    Index column, columns, vectors;
    Index offset;  ///< in the packed block
  };

  static Index num_steps(Index depth) { return divide_up(depth, Arithmetic::kPerStep); }

  template <class Visit>
  static void for_panels(const Block& block, const Visit& visit) {
    const Parts panels(whole_vectors(block.columns) / kLanes, kTileVectors);
    for (Index at = 0; at < panels.number(); ++at) {
      const Index first = panels.begin(at) * kLanes, vectors = panels.size(at);
      visit(Panel{block.column + first, std::min(vectors * kLanes, block.columns - first), vectors,
                  first * num_steps(block.depth)});
    }
  }

  void pack(const Block& block, const Panel& panel, float* packed) const {
    Arithmetic::template pack_b<kTransposeB>(args_, block.k, block.depth, panel.column, panel.columns,
                                             packed + panel.offset, panel.vectors * kLanes);
  }

  /// `fill` is where the block of B is packed before it is used, or null.
  void run_block(const Block& block, const float* packed, float* fill) {
    const BlockOfA a = Arithmetic::template block_of_a<kTransposeA>(args_, block.row, block.rows, block.k, block.depth);
    for_panels(block, [&](const Panel& panel) {
      if (fill != nullptr) pack(block, panel, fill);
      run_panel(block, a, panel.column, panel.columns, packed + panel.offset, panel.vectors);
    });
  }

  void run_panel(const Block& block, const BlockOfA& a, Index column, Index columns, const float* panel,
                 Index vectors) {
    const Index ldc = args_.ldc;
    const bool from_c = args_.accumulate || block.k > 0;
    TileArgs tile = {.depth = num_steps(block.depth),
                     .a_row = a.row,
                     .b = panel,
                     .b_row = vectors * kLanes,
                     .c_row = ldc,
                     .start_row = from_c ? ldc : 0,
                     .last_lanes = columns - (vectors - 1) * kLanes};
    for (Index i = 0; i < block.rows; i += kTileRows) {
      tile.a = a.at + i / kTileRows * a.tile;
      tile.next_a = i + kTileRows < block.rows ? tile.a + a.tile : nullptr;
      tile.c = args_.c + (block.row + i) * ldc + column;
      tile.start = from_c ? tile.c : args_.bias != nullptr ? args_.bias + column : nullptr;
      find_tile<Arithmetic, kTransposeA>(std::min<Index>(kTileRows, block.rows - i), vectors)(tile);
    }
  }

  const ProductArgs& args_;
};

template <class Arithmetic>
void run_product_in(const ProductArgs& args) {
  if (args.transpose_a) {
    args.transpose_b ? Product<Arithmetic, true, true>(args).run() : Product<Arithmetic, true, false>(args).run();
  } else {
    args.transpose_b ? Product<Arithmetic, false, true>(args).run() : Product<Arithmetic, false, false>(args).run();
  }
}

void run_product(const ProductArgs& args) { run_product_in<SinglePrecision>(args); }

Index pack_b(const ProductArgs& args, float* to) { return Product<SinglePrecision, false, false>(args).pack_whole(to); }

bool target_has_bf16() {
#if SEMLINK_KERNELS_BF16
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

/// For processors that cannot multiply bf16: float products of rounded copies.
void run_rounded_product(const ProductArgs& args) {
  const Index a_rows = args.transpose_a ? args.k : args.m, a_columns = args.transpose_a ? args.m : args.k;
  const Index b_rows = args.transpose_b ? args.n : args.k, b_columns = args.transpose_b ? args.k : args.n;
  const Index a_width = whole_vectors(a_columns), b_width = whole_vectors(b_columns);
  float* a = scratch(Slot::paired, a_rows * a_width + b_rows * b_width);
  float* b = a + a_rows * a_width;
  round_rows(a_rows, a_columns, args.a, args.lda, a, a_width);
  round_rows(b_rows, b_columns, args.b, args.ldb, b, b_width);
  ProductArgs rounded = args;
  rounded.a = a, rounded.lda = a_width, rounded.b = b, rounded.ldb = b_width;
  run_product(rounded);
}

void run_bf16_product(const ProductArgs& args) {
#if SEMLINK_KERNELS_BF16
  if (target_has_bf16()) return run_product_in<HalfPrecision>(args);
#endif
  run_rounded_product(args);
}

const char* target_name() { return hwy::TargetName(HWY_TARGET); }

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::kernels {

HWY_EXPORT(run_product);
HWY_EXPORT(pack_b);
HWY_EXPORT(run_bf16_product);
HWY_EXPORT(target_name);
HWY_EXPORT(target_has_bf16);

namespace {

constexpr std::align_val_t kAlignment{64};

void run(const ProductArgs& args, Precision precision) {
  if (args.m <= 0 || args.n <= 0) return;
  if (args.accumulate && args.bias != nullptr) {
    for (Index i = 0; i < args.m; ++i) {
      for (Index j = 0; j < args.n; ++j) args.c[i * args.ldc + j] += args.bias[j];
    }
  }
  if (precision == Precision::bf16) {
    HWY_DYNAMIC_DISPATCH(run_bf16_product)(args);
  } else {
    HWY_DYNAMIC_DISPATCH(run_product)(args);
  }
}

}  // namespace

void product(bool transpose_a, bool transpose_b, Index m, Index n, Index k, const float* a, Index lda, const float* b,
             Index ldb, float* c, Index ldc, const float* bias, bool accumulate, Precision precision) {
  run({transpose_a, transpose_b, m, n, k, a, lda, b, ldb, c, ldc, bias, accumulate}, precision);
}

void ReleaseAligned::operator()(float* memory) const { ::operator delete[](memory, kAlignment); }

PackedMatrix::PackedMatrix(Index k, Index n, const float* b, Index ldb)
    : k_(k), n_(n), b_(b), ldb_(ldb), level_(level()) {
  const ProductArgs args{false, false, 0, n, k, nullptr, 0, b, ldb, nullptr, 0, nullptr, false};
  const Index size = std::max<Index>(1, HWY_DYNAMIC_DISPATCH(pack_b)(args, nullptr));
  values_.reset(static_cast<float*>(::operator new[](static_cast<std::size_t>(size) * sizeof(float), kAlignment)));
  HWY_DYNAMIC_DISPATCH(pack_b)(args, values_.get());
}

void product(Index m, const float* a, Index lda, const PackedMatrix& b, float* c, Index ldc, const float* bias,
             bool accumulate) {
  // Packed for another instruction set: as good as not packed.
  const float* packed = b.level_ == level() ? b.values_.get() : nullptr;
  run({false, false, m, b.n_, b.k_, a, lda, b.b_, b.ldb_, c, ldc, bias, accumulate, packed}, Precision::f32);
}

const char* level() { return HWY_DYNAMIC_DISPATCH(target_name)(); }
bool has_bf16() { return HWY_DYNAMIC_DISPATCH(target_has_bf16)(); }

}  // namespace semlink::kernels
#endif  // HWY_ONCE
