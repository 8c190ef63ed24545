#include <semlink/core/energy.h>

#include <array>

namespace semlink {
namespace {

/// Partial sums side by side, as many as keep a processor's adders busy.
constexpr Index kLanes = 16;

void add_squares(const float* x, Index count, std::array<double, kLanes>& sums) {
  for (Index i = 0; i < count; ++i)
    sums[static_cast<std::size_t>(i)] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
}

}  // namespace

double energy_of(const Eigen::Ref<const Symbols>& x) {
  if (x.outerStride() != x.cols()) return energy_of(Symbols(x));
  const auto* reals = reinterpret_cast<const float*>(x.data());
  const Index count = 2 * x.size(), whole = count / kLanes * kLanes;
  std::array<double, kLanes> sums{};
  for (Index i = 0; i < whole; i += kLanes) add_squares(reals + i, kLanes, sums);
  add_squares(reals + whole, count - whole, sums);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  return sums[0];
}

}  // namespace semlink
