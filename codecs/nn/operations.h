#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/packed_parameters.h>
#include <semlink/codecs/nn/parameters.h>
#include <semlink/codecs/nn/tape.h>
#include <semlink/core/mac_ledger.h>
#include <semlink/core/rng.h>

/// Operations on a tape: free functions, each with its backward rule beside it in the .cpp. Rows are tokens. Shapes are
/// the caller's business inside the library and checked by asserts in debug builds.
namespace semlink::nn {

struct Routing;

/// What a training adds to routers; see `Experts`.
template <typename T>
struct RouterTraining {
  double balance_weight = 0;      ///< of `balance_loss`, per router
  double z_weight = 0;            ///< of `router_z_loss`, per router
  double noise = 0;               ///< standard deviation of what is added to the logits for the choice
  Stream* stream = nullptr;       ///< where the noise comes from
  bool balances_by_bias = false;  ///< move a bias against the load instead of losing for it
  double bias_scale = 1;          ///< of the bias' gradient
  std::vector<Var<T>> losses;     ///< what the routers of this pass add to the loss, weighted
};

/// What an attention block did, for those who choose tokens by it.
template <typename T>
struct AttentionRecord {
  std::vector<T> received;  ///< [rows], mean over heads and the window's queries of the weight that a row gets
  RowMatrix<T> keys;        ///< [rows, dim], heads side by side
};

/// A block of a network that ran.
struct BlockNote {
  Index block = 0;                                  ///< 0-based
  std::vector<std::array<std::int32_t, 2>> places;  ///< (y, x) of its rows in their sample's grid
  Index routing = -1;                               ///< of its experts in `Context::routings`; -1 without
};

/// Where a token went that was pooled with others.
struct PoolNote {
  std::array<std::int32_t, 2> place;  ///< (y, x) of the token in its sample's grid
  Index row = 0;                      ///< of the rows made of its pass, the one in which it weighs most
};

/// What the layers of one forward pass share.
template <typename T>
struct Context {
  Tape<T>& tape;
  const ParameterLayout& layout;
  const FlatVector<T>& parameters;
  FlatVector<T>* gradients = nullptr;  ///< receives dL/dparameters on a recording tape; null when parameters are frozen
  MacLedger* ledger = nullptr;         ///< null when nobody asks what it costs (training)
  kernels::Precision precision = kernels::Precision::f32;
  RouterTraining<T>* router_training = nullptr;  ///< null outside trainings
  const PackedParameters* packed = nullptr;      ///< of `parameters`, for float products in f32; null when they change
  std::vector<Routing>* routings = nullptr;      ///< receives every router's choices, in order; null when nobody asks
  AttentionRecord<T>* attention = nullptr;       ///< receives what the next attentions did; null when nobody asks
  std::vector<BlockNote>* blocks = nullptr;      ///< receives every block of a network that runs; null when nobody asks
  std::vector<PoolNote>* pooled = nullptr;       ///< receives every token that is pooled; null when nobody asks

  bool trains() const { return gradients != nullptr; }
  const T* values(Index slot) const { return parameters.data() + layout.slot(slot).offset; }
  T* grads(Index slot) const { return gradients->data() + layout.slot(slot).offset; }
  void count(Index rows, Index inner, Index cols) const {
    if (ledger != nullptr) ledger->product(rows, inner, cols);
  }
  void count_scalar(Index ops) const {
    if (ledger != nullptr) ledger->scalar_ops += ops;
  }
};

/// Consecutive groups of rows: group g owns rows [begin[g], begin[g + 1]).
struct RowGroups {
  std::vector<Index> begin{0};
  Index size() const { return static_cast<Index>(begin.size()) - 1; }
  Index first(Index group) const { return begin[static_cast<std::size_t>(group)]; }
  Index count(Index group) const { return first(group + 1) - first(group); }
  void append(Index count) { begin.push_back(begin.back() + count); }
};

/// Places of tokens within their attention window of kSide x kSide: `place[row] = y * kSide + x`.
struct Windows {
  static constexpr Index kSide = 8;
  static constexpr Index kTokens = kSide * kSide;
  static constexpr Index kOffsets = (2 * kSide - 1) * (2 * kSide - 1);  ///< distinct relative positions
  RowGroups rows;
  std::vector<std::uint8_t> place;
  /// ln of the number of tokens that a row stands for, added to the logits of its keys (Bolya et al. 2023, ToMe, eq.
  /// 1); empty where every row stands for itself.
  std::vector<float> log_size;
  /// The rows are pooled from a window's tokens: `place` is the number of their slot, and attention has no bias of
  /// places.
  bool pooled = false;
};

/// x W + b, plus `residual` when not null; x [rows, in], W slot [in, out], b slot [1, out] or -1 for none.
template <typename T>
Var<T> linear(Context<T>& context, const Var<T>& x, Index weight, Index bias, const Var<T>* residual = nullptr);

/// Groups of rows that have weights of their own: x W_g + b_g for the rows of group g, with slots weights[g] [in, out]
/// and biases[g] [1, out] of one shape. Groups may be empty; there is at least one. The spans must live as long as the
/// tape's record: they belong to a layer.
template <typename T>
Var<T> grouped_linear(Context<T>& context, const Var<T>& x, const RowGroups& groups, std::span<const Index> weights,
                      std::span<const Index> biases);

/// x Phi(x), element by element.
template <typename T>
Var<T> gelu(Context<T>& context, const Var<T>& x);

/// x where x > 0, else x times the one number of `slope`, a slot [1, 1].
template <typename T>
Var<T> prelu(Context<T>& context, const Var<T>& x, Index slope);

/// a + b, equal shapes.
template <typename T>
Var<T> add(Context<T>& context, const Var<T>& a, const Var<T>& b);

/// x + b[slot row] for every row; the slot is [1, cols].
template <typename T>
Var<T> add_parameter_row(Context<T>& context, const Var<T>& x, Index slot);

/// Layer norm without own gain, then scale and shift per group: normalized(x) * (1 + film[g, scale_col..]) + film[g,
/// shift_col..]. film is [groups, >= shift_col + cols]. Perez et al. 2018 (FiLM) on Ba et al. 2016 (epsilon 1e-5).
template <typename T>
Var<T> modulated_norm(Context<T>& context, const Var<T>& x, const Var<T>& film, Index scale_col, Index shift_col,
                      const RowGroups& groups);

/// x (1 + film), column by column, the row of film being that of x's group; film [groups, cols].
template <typename T>
Var<T> scale_groups(Context<T>& context, const Var<T>& x, const Var<T>& film, const RowGroups& groups);

/// Layer norm with trained gain and bias, slots [1, cols].
template <typename T>
Var<T> layer_norm(Context<T>& context, const Var<T>& x, Index gain, Index bias);

/// Multi-head self-attention within windows; qkv is [rows, 3 dim], queries, keys and values side by side, heads
/// adjacent inside each. `bias_table` is a slot [heads, Windows::kOffsets]: one learned number per head and relative
/// position (Liu et al. 2021, Swin, eq. 4). Cost is linear in the number of windows.
template <typename T>
Var<T> window_attention(Context<T>& context, const Var<T>& qkv, Index num_heads, Index bias_table,
                        std::shared_ptr<const Windows> windows);

/// Rows of x in the order of `indices` (repeats allowed).
template <typename T>
Var<T> gather_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices);

/// [rows, cols] of the slot's single row, except that row indices[i] holds x's row i. Indices are distinct.
template <typename T>
Var<T> scatter_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices, Index rows, Index filler_slot);

/// x stacked on top of one another, equal widths.
template <typename T>
Var<T> concat_rows(Context<T>& context, const std::vector<Var<T>>& parts);

/// Keeps the first widths[row] columns and sets the rest to zero.
template <typename T>
Var<T> keep_prefix(Context<T>& context, const Var<T>& x, std::vector<Index> widths);

/// Scales each group so that the mean power of its complex symbols is one: sum |x|^2 over the group = num_symbols[g].
/// Two adjacent reals are one complex symbol. A group of zero energy stays zero.
template <typename T>
Var<T> unit_power(Context<T>& context, const Var<T>& x, const RowGroups& groups, const std::vector<Index>& num_symbols);

/// Mean over the rows of each group, [groups, cols].
template <typename T>
Var<T> group_mean(Context<T>& context, const Var<T>& x, const RowGroups& groups);

/// The same matrix as data: no gradient flows back (stop-gradient).
template <typename T>
Var<T> detach(Context<T>& context, const Var<T>& x);

/// sum_r weights[r] * sum_c (x - target)^2, [1, 1]; target [rows, cols] row-major data of the caller, copied.
template <typename T>
Var<T> squared_error(Context<T>& context, const Var<T>& x, std::span<const T> target, std::vector<T> weights);

/// x times a constant.
template <typename T>
Var<T> scaled(Context<T>& context, const Var<T>& x, T factor);

/// x plus a constant.
template <typename T>
Var<T> shifted(Context<T>& context, const Var<T>& x, T offset);

/// Size of a token grid.
struct Grid {
  Index height = 0;
  Index width = 0;
  Index num_tokens() const { return height * width; }
};

/// Pixels from tokens: each token of a raster-ordered grid writes a square of (patch + 2 margin)^2 RGB pixels centred
/// on its patch, overlapping squares add, what falls outside the image is lost. x [tokens of all grids, side * side *
/// 3] -> [pixels of all images, 3], row by row. A transposed convolution with stride `patch`.
template <typename T>
Var<T> overlap_add(Context<T>& context, const Var<T>& x, const std::vector<Grid>& grids, Index patch, Index margin);

/// A matrix from outside.
template <typename T>
Var<T> input(Context<T>& context, const Eigen::Ref<const RowMatrix<T>>& values);

}  // namespace semlink::nn
