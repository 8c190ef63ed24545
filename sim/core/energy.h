#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// Sum of |x|^2 over all entries. Squares are exact in double, and the order in which they are added depends on the
/// number of entries alone: the same bits on every machine.
double energy_of(const Eigen::Ref<const Symbols>& x);

}  // namespace semlink
