#pragma once

#include <vector>

#include <semlink/core/types.h>

namespace semlink::nn {

/// Indices of the `count` largest of `size` numbers, ascending; equal ones: the lower index.
template <typename T>
std::vector<Index> largest(const T* x, Index size, Index count);

}  // namespace semlink::nn
