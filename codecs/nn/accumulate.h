#pragma once

#include <semlink/core/types.h>

namespace semlink::nn {

/// to += from, element by element.
template <typename T>
void add_to(const T* from, Index size, T* to) {
  for (Index i = 0; i < size; ++i) to[i] += from[i];
}

/// sums += the rows of a matrix, one after the other, so that the order of addition is theirs whatever the address.
template <typename T>
void add_columns_to(const T* rows_data, Index rows, Index cols, T* sums) {
  for (Index r = 0; r < rows; ++r) add_to(rows_data + r * cols, cols, sums);
}

}  // namespace semlink::nn
