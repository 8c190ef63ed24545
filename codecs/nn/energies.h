#pragma once

#include <vector>

#include <semlink/codecs/nn/operations.h>

namespace semlink::nn {

/// Sum of the squares of every group's rows, [groups], in double.
template <typename T>
std::vector<double> energies(const Var<T>& x, const RowGroups& groups) {
  const Index cols = x.cols();
  std::vector<double> sums(static_cast<std::size_t>(groups.size()), 0);
  for (Index g = 0; g < groups.size(); ++g)
    for (Index i = groups.first(g) * cols; i < groups.first(g + 1) * cols; ++i)
      sums[static_cast<std::size_t>(g)] += static_cast<double>(x.data()[i]) * static_cast<double>(x.data()[i]);
  return sums;
}

}  // namespace semlink::nn
