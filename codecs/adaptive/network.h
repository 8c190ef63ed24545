#pragma once

#include <optional>
#include <vector>

#include <semlink/codecs/adaptive/class_head.h>
#include <semlink/codecs/adaptive/config.h>
#include <semlink/codecs/adaptive/conv_stem.h>
#include <semlink/codecs/adaptive/depth/gates.h>
#include <semlink/codecs/adaptive/pooling.h>
#include <semlink/codecs/adaptive/tokens.h>
#include <semlink/codecs/nn/block.h>

namespace semlink::adaptive {

using nn::Context;
using nn::Grid;
using nn::Var;

/// What both halves of the network are told about a sample, besides the sample.
struct Condition {
  std::optional<double> snr_db;  ///< the transmitter's report, or the receiver's estimate; empty when unknown
  Index width = 0;               ///< complex symbols per kept token, or per pooled row
  double kept_share = 1;         ///< kept tokens over all tokens
  Index encoder_exit = 0;  ///< decoder only: encoder blocks run, as the header says; the encoder decides on its way
};

/// Which of the numbers that describe a condition to the network, the input rows of `decoder.condition.up`, says that
/// the encoder left at this exit (1-based).
Index encoder_exit_row(Index encoder_exit);

/// Tokens on their way through encoder or decoder: one matrix for all stacked samples, and which rows are what.
template <typename T>
struct Tokens {
  Var<T> x;       ///< [num_rows, dim]
  Var<T> bypass;  ///< encoder: the linear part of the symbols, [num_rows, 2 max_width], of pooled rows
                  ///< [num_rows, 2 row_width]; travels with the rows
  TokenLayout layout;
};

/// The adaptive transceiver as layers (design section 5). A linear code from patch to symbols and back runs beside the
/// blocks, which so learn only what a linear code cannot do. Every function works on several samples stacked by rows;
/// attention and power stay within a sample, so a sample's result does not depend on its neighbours. Training and
/// simulation run this same code.
class Network {
 public:
  explicit Network(const NetworkConfig& config);

  const NetworkConfig& config() const { return config_; }
  const nn::ParameterLayout& layout() const { return layout_; }

  // Encoder
  // ---------------------------------------------------------------------------------------------------------------

  /// Condition vectors of the encoder, [num_samples, condition_dim].
  template <typename T>
  Var<T> encoder_condition(Context<T>& context, const std::vector<Condition>& conditions) const;

  /// Tokens of stacked images: patches [tokens of all grids, patch_reals] in raster order.
  template <typename T>
  Tokens<T> embed(Context<T>& context, const Eigen::Ref<const RowMatrix<T>>& patches,
                  const std::vector<Grid>& grids) const;

  /// Blocks on pooled rows stay within their windows, whatever the shift.
  template <typename T>
  void encoder_block(Context<T>& context, Index block, Tokens<T>& tokens, const Var<T>& condition, Index shift) const;

  /// The pooled rows of every window take the place of its tokens: see `TokenPool`. Of networks that pool.
  template <typename T>
  void pool(Context<T>& context, Tokens<T>& tokens) const;

  /// Score of each token, [num_rows, 1]: the predicted logarithm of the squared error that its pixels suffer when it is
  /// dropped. Trained on tokens dropped at random, so the figure is not biased by the selection itself.
  template <typename T>
  Var<T> token_scores(Context<T>& context, const Tokens<T>& tokens) const;

  /// A pure classifier has no pixels that could suffer: its scores are the weights by which a probe, [num_samples,
  /// num_classes], looks for the class among the tokens at the selection (learned class attention in the place of
  /// EViT's class token, Liang et al. 2022). Only trainings run the probe; like the scorer it watches.
  template <typename T>
  Var<T> probe_classes(Context<T>& context, const Tokens<T>& tokens, const Var<T>& scores) const;

  /// Class scores at encoder exit `exit` (blocks run, 1-based): what the transmitter would decide by itself,
  /// [num_samples, num_classes].
  template <typename T>
  Var<T> encoder_classes(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition) const;

  /// What the transmitter expects of the receiver before it encodes: the predicted ln(mse) of the last exit's image
  /// under each condition, [conditions, 1]. `tokens` as `embed` gives them; `samples[i]` is the one that
  /// `conditions[i]` is about. Of networks with `rate_gate`.
  template <typename T>
  Var<T> predict_rate(Context<T>& context, const Tokens<T>& tokens, const std::vector<Condition>& conditions,
                      const std::vector<Index>& samples) const;

  /// Only these rows stay (ascending): the others leave the matrix.
  template <typename T>
  void keep(Context<T>& context, Tokens<T>& tokens, const std::vector<Index>& rows) const;

  /// MACs of a block on these tokens, as the ledger will count them.
  template <typename T>
  std::int64_t encoder_block_macs(Index block, const Tokens<T>& tokens, Index shift) const {
    return block_macs(encoder_[static_cast<std::size_t>(block)], tokens.layout, shift);
  }
  template <typename T>
  std::int64_t decoder_block_macs(Index block, const Tokens<T>& tokens, Index shift) const {
    return block_macs(decoder_[static_cast<std::size_t>(block)], tokens.layout, shift);
  }

  /// Payload symbols of exit `exit` (blocks run, 1-based): [num_rows, 2 row_width], columns beyond 2 widths[sample]
  /// zero, every sample's complex symbols of mean power one. `energies`, if not null, receives the energy by sample
  /// that they had before.
  template <typename T>
  Var<T> symbols(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition,
                 const std::vector<Index>& widths, std::vector<double>* energies = nullptr) const;

  // Decoder
  // ---------------------------------------------------------------------------------------------------------------

  template <typename T>
  Var<T> decoder_condition(Context<T>& context, const std::vector<Condition>& conditions) const;

  /// What `receive` and `linear_pixels` get of networks that pool: [tokens of all grids, 3 max_width] in raster order,
  /// made of the rows received, [num_rows, 3 row_width]. See `TokenPool`.
  template <typename T>
  Var<T> unpool(Context<T>& context, const Var<T>& received, const std::vector<Grid>& grids) const;

  /// Tokens of the receiver. `sources`, when not empty, names the row of `received` that each of the places is made
  /// from: a row may serve several places, all of its own sample. `received` [num_kept, 3 max_width]: per kept token
  /// the reals of its symbols, shrunk by `reliability`, then one reliability 1 / (1 + noise variance) per symbol; both
  /// zero where nothing was sent. `places` says which tokens these rows are; all others of the grids become the learned
  /// query of a missing token. A pure classifier has no use for those: its tokens are the rows received. Networks
  /// that pool get all tokens of the grids, as `unpool` makes them.
  template <typename T>
  Tokens<T> receive(Context<T>& context, const Var<T>& received, const std::vector<TokenPlace>& places,
                    const std::vector<Grid>& grids, const std::vector<Index>& sources = {}) const;

  template <typename T>
  void decoder_block(Context<T>& context, Index block, Tokens<T>& tokens, const Var<T>& condition, Index shift) const;

  /// Linear part of the image, [pixels of all grids, 3], centred on zero; the same for every exit. `sources` as in
  /// `receive`.
  template <typename T>
  Var<T> linear_pixels(Context<T>& context, const Var<T>& received, const Var<T>& condition,
                       const std::vector<TokenPlace>& places, const std::vector<Grid>& grids,
                       const std::vector<Index>& sources = {}) const;

  /// Image of exit `exit` (blocks run): [pixels of all grids, 3], values around [0, 1] but not clipped.
  template <typename T>
  Var<T> pixels(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition,
                const Var<T>& linear_part, const std::vector<Grid>& grids) const;

  /// The same with an exit for each token, whose head reads it; tokens in raster order.
  template <typename T>
  Var<T> pixels_by_token(Context<T>& context, const std::vector<Index>& exits, const Tokens<T>& tokens,
                         const Var<T>& condition, const Var<T>& linear_part, const std::vector<Grid>& grids) const;

  /// What the mechanism of depth owns; see `DepthRun`.
  const DepthGates& depth_gates() const { return depth_gates_; }

  /// Of networks that pool.
  const TokenPool& token_pool() const { return pool_; }

  /// Class scores at exit `exit` (blocks run), [num_samples, num_classes].
  template <typename T>
  Var<T> classes(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition) const;

  /// The gate's view of exit `exit` < decoder_blocks: [num_samples, 2], the predicted ln(mse) of this exit's image and
  /// the predicted ln(mse of the next exit / mse of this one).
  template <typename T>
  Var<T> predict(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition) const;
  /// The same figure at the encoder: predicted effect of one more encoder block on the final image.
  template <typename T>
  Var<T> predict_encoder(Context<T>& context, Index exit, const Tokens<T>& tokens, const Var<T>& condition) const;

 private:
  /// The slots of the class heads.
  void add_classes();
  void add_rate_gate();
  struct Head {
    nn::Linear film;
    nn::Linear out;
  };
  struct Gate {
    nn::Linear film;
    nn::Mlp mlp;
  };

  /// Sees the tokens before any block has run, so that everything behind it is conditioned on what it decides. Tokens
  /// are not normalised, for how much they differ is what tells easy images from hard ones; they pass a layer each,
  /// are averaged, and meet the condition there, so that another width costs next to nothing.
  struct RateGate {
    nn::Mlp tokens;
    nn::Mlp condition;
    nn::Linear scale;
    nn::Linear shift;
    nn::Mlp out;
  };

  /// The linear bypass leads at first: heads start small or silent.
  Head make_head(const std::string& name, Index out, nn::Init init);
  Gate make_gate(const std::string& name);
  template <typename T>
  Var<T> head_input(Context<T>& context, const nn::Linear& film, const Tokens<T>& tokens,
                    const Var<T>& condition) const;
  template <typename T>
  Var<T> gate_output(Context<T>& context, const Gate& gate, const Tokens<T>& tokens, const Var<T>& condition) const;
  static std::int64_t block_macs(const nn::Block& block, const TokenLayout& layout, Index shift);
  template <typename T>
  void reorder(Context<T>& context, Tokens<T>& tokens, Index shift) const;

  NetworkConfig config_;
  nn::ParameterLayout layout_;
  nn::Mlp encoder_condition_;
  nn::Mlp decoder_condition_;
  nn::Linear embed_;
  ConvStem stem_;
  nn::Linear encoder_bypass_;
  nn::Linear encoder_bypass_film_;
  std::vector<nn::Block> encoder_;
  std::vector<Head> encoder_heads_;
  std::vector<Gate> encoder_gates_;
  RateGate rate_gate_;
  Index score_gain_ = -1;
  Index score_bias_ = -1;
  nn::Linear score_;
  nn::Linear receive_;
  nn::Linear decoder_bypass_;
  nn::Linear decoder_bypass_film_;
  TokenPool pool_;
  Index missing_ = -1;
  Index missing_pixels_ = -1;
  std::vector<nn::Block> decoder_;
  std::vector<Head> decoder_heads_;
  std::vector<Gate> decoder_gates_;
  DepthGates depth_gates_;
  std::vector<ClassHead> encoder_classes_;  ///< by exit - 1
  std::vector<ClassHead> decoder_classes_;  ///< by exit
  nn::Linear probe_;
};

}  // namespace semlink::adaptive
