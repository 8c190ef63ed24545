#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// rho now + sqrt(1 - rho^2) other: for independent circular normals of mean 0 and one variance another such, whose
/// correlation with `now` is `correlation`, rho in [0, 1]. Only for what is scattered: gains of another mean or law
/// would not keep it. 1: `now` itself. `other` has the shape of `now`.
Symbols earlier_fade(const Symbols& now, const Symbols& other, double correlation);

}  // namespace semlink
