#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/codecs/nn/kernels/fma_peak.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <ctime>

#include <semlink/codecs/nn/kernels/fma_peak.h>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Runs `rounds` rounds of multiply-adds in enough chains to hide their latency; returns the number of FLOP.
double run_rounds(long rounds, float& result) {
  constexpr int kChains = 12;
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999f), summand = hn::Set(d, result);
  hn::Vec<decltype(d)> sums[kChains];
  HWY_UNROLL(12)
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  for (long round = 0; round < rounds; ++round) {
    HWY_UNROLL(12)
    for (int i = 0; i < kChains; ++i) sums[i] = hn::MulAdd(sums[i], factor, summand);
  }
  for (const auto& sum : sums) result += hn::GetLane(sum);
  return 2.0 * static_cast<double>(hn::Lanes(d)) * kChains * static_cast<double>(rounds);
}

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::kernels {

HWY_EXPORT(run_rounds);

double fma_peak() {
  double best = 0;
  volatile float sink = 1e-3f;
  for (int run = 0; run < 20; ++run) {
    float result = sink;
    const std::clock_t start = std::clock();
    const double flop = HWY_DYNAMIC_DISPATCH(run_rounds)(2'000'000, result);
    best = std::max(best, flop * CLOCKS_PER_SEC / static_cast<double>(std::clock() - start));
    sink = result * 1e-9f;
  }
  return best;
}

}  // namespace semlink::kernels
#endif  // HWY_ONCE
