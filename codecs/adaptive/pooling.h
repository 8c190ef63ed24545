#pragma once

#include <memory>
#include <vector>

#include <semlink/codecs/adaptive/config.h>
#include <semlink/codecs/adaptive/tokens.h>
#include <semlink/codecs/nn/layers.h>

namespace semlink::adaptive {

/// Pooled rows of a grid: `per_window` for each full window of 8x8 tokens. A smaller window, at the border of an image,
/// has a row for each slot that has a home in it, so never more than tokens.
Index num_pooled_rows(const nn::Grid& grid, Index per_window);

/// The slot, of so many, whose home a place of a window is (y * 8 + x). The homes of a slot, 64 / slots of them,
/// rounded down or up, lie together: the places of a window are dealt out along a Z-order curve.
Index home_slot(Index place, Index slots);

/// Learned pooling to a fixed number of rows per window, and the way back (PatchMerger, Renggli et al. 2022: softmax(X
/// W)^T X, X being normal tokens; with several heads, Lee et al. 2019, Set Transformer, PMA).
///
/// A row is made of parts, `NetworkConfig::pool_parts` of them. Each part is a mean of the window's tokens, weighted by
/// the softmax, over the tokens, of their content and place; a linear layer joins the parts. What is pooled has no
/// place: a row adds the embedding of its slot, and the attention that follows has no bias of places.
///
/// The symbols of the parts take turns in a row, so that every prefix has some of each. At the receiver the token of a
/// place reads the mean of all parts' symbols by the softmax of that place's line in a table, and the place's own query
/// is added. A table, because what was pooled does not tell where it belongs: queries and keys, the other way of asking
/// for places, would have to learn that and cost their products.
class TokenPool {
 public:
  TokenPool() = default;
  /// Adds slots to `layout`; `config.pools()`.
  TokenPool(nn::ParameterLayout& layout, const NetworkConfig& config);

  template <typename T>
  struct Rows {
    nn::Var<T> x;        ///< [rows, dim]
    nn::Var<T> bypass;   ///< [rows, 2 row_width], the symbols of the parts taking turns
    TokenLayout layout;  ///< a row's place in the image is the first of its slot's homes
  };

  /// x [tokens, dim] and bypass [tokens, 2 max_width], sorted into windows without a shift.
  template <typename T>
  Rows<T> pool(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& bypass, const TokenLayout& layout) const;

  /// What every place reads, [tokens of all grids, 3 max_width] in raster order, from what `describe_token` says of the
  /// rows, [rows, 3 row_width].
  template <typename T>
  nn::Var<T> unpool(nn::Context<T>& context, const nn::Var<T>& received, const std::vector<nn::Grid>& grids) const;

  /// x [tokens of all grids, dim] in raster order, plus the query of each token's place.
  template <typename T>
  nn::Var<T> add_queries(nn::Context<T>& context, const nn::Var<T>& x, const std::vector<nn::Grid>& grids) const;

  /// Sets both tables to a start from which a linear code works: every part is mostly the token of one of its slot's
  /// homes, and every place looks mostly there.
  void set_start(const nn::ParameterLayout& layout, nn::FlatVector<float>& parameters) const;

 private:
  Index num_parts() const { return slots_ * parts_; }
  Index slots_ = 0;  ///< per window
  Index parts_ = 1;  ///< per slot
  Index max_width_ = 0;
  Index gain_ = -1, bias_ = -1;  ///< of the norm before everything
  Index score_ = -1;             ///< [dim, slots parts]
  Index place_ = -1;             ///< [64, slots parts], added to the scores
  nn::Linear join_;
  Index slot_ = -1;   ///< [slots, dim]
  Index table_ = -1;  ///< [64, slots parts]
  Index query_ = -1;  ///< [64, dim]
};

}  // namespace semlink::adaptive
