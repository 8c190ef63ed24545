#pragma once

#include <span>
#include <vector>

#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Indices of the `count` largest values, ascending; among equal values the earlier one wins. 0 <= count <=
/// values.size().
std::vector<Index> highest(std::span<const float> values, Index count);

}  // namespace semlink::adaptive
