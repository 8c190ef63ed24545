#pragma once

#include <cstdint>
#include <vector>

#include <semlink/codecs/nn/operations.h>

/// Operations of layers that keep a table of trained rows, and of rows made of parts.
namespace semlink::nn {

/// Rows of a slot, in the order of `indices` (repeats allowed), [indices.size(), slot.cols].
template <typename T>
Var<T> table_rows(Context<T>& context, Index slot, std::vector<Index> indices);

/// The same values, row after row, in a matrix of so many columns, which divide rows * cols.
template <typename T>
Var<T> reshaped(Context<T>& context, const Var<T>& x, Index cols);

/// Column c of the result is column from[c] of x; `from` has each column once.
template <typename T>
Var<T> permuted_columns(Context<T>& context, const Var<T>& x, std::vector<Index> from);

/// [rows, cols] with x's row i at indices[i] and zeros elsewhere. Indices are distinct.
template <typename T>
Var<T> placed_rows(Context<T>& context, const Var<T>& x, std::vector<Index> indices, Index rows);

/// Softmax of every row over its open entries, zero for the others; `open` [rows * cols], row after row, at least one
/// of each row.
template <typename T>
Var<T> softmax_open(Context<T>& context, const Var<T>& x, std::vector<std::uint8_t> open);

}  // namespace semlink::nn
