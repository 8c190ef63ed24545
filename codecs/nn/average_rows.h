#pragma once

#include <vector>

#include <semlink/codecs/nn/operations.h>

namespace semlink::nn {

/// Rows that become one: their weighted sum.
struct RowMixture {
  std::vector<Index> rows;
  std::vector<float> weights;  ///< data, not trained
};

/// Row i of the result is the weighted sum of x's rows that mixtures[i] names. A mixture of one row of weight 1 is a
/// copy and costs nothing.
template <typename T>
Var<T> average_rows(Context<T>& context, const Var<T>& x, std::vector<RowMixture> mixtures);

}  // namespace semlink::nn
