#pragma once

#include <vector>

#include <semlink/codecs/adaptive/network.h>

namespace semlink::adaptive {

/// What a block made of some rows, and which rows these are, in the order of `y`.
template <typename T>
struct RowsAfterBlock {
  Var<T> y;
  std::vector<Index> rows;
};

/// Runs a decoder block on these rows (ascending) of tokens in raster order; the others are not there for it, neither
/// computed nor attended to.
template <typename T>
RowsAfterBlock<T> decoder_block_on_rows(Context<T>& context, const Network& network, Index block,
                                        const Tokens<T>& tokens, const std::vector<Index>& rows,
                                        const Var<T>& condition, const std::vector<Grid>& grids);

/// These rows (ascending) as tokens of their own, still in raster order.
template <typename T>
Tokens<T> take_rows(Context<T>& context, const Tokens<T>& tokens, const std::vector<Index>& rows);

/// x <- x + g (block(x) - x) for tokens in raster order, one g per sample of `openings`, [samples, 1]. Samples whose g
/// is zero, and has no gradient, are not computed.
template <typename T>
void run_block_where_open(Context<T>& context, const Network& network, Index block, Tokens<T>& tokens,
                          const Var<T>& openings, const Var<T>& condition, const std::vector<Grid>& grids);

/// A column of ones.
template <typename T>
Var<T> ones(Context<T>& context, Index rows);

}  // namespace semlink::adaptive
