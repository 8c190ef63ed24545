#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/channel/fec/viterbi_kernel.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <semlink/channel/fec/viterbi_internal.h>

#include <bit>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace semlink::viterbi::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
/// Without vector instructions: one pair of states after the other.
template <int kOutputs>
void run(std::span<const std::int16_t> soft, std::span<const unsigned> generators, Metrics& metrics,
         std::uint64_t* decisions) {
  constexpr unsigned kHalf = kStates / 2;
  const std::size_t steps = soft.size() / kOutputs;
  for (std::size_t step = 0; step < steps; ++step) {
    Metrics next;
    std::uint64_t taken = 0;
    const auto choose = [&](unsigned state, int even, int odd) {
      const bool take_odd = static_cast<std::int16_t>(even - odd) < 0;
      next[state] = static_cast<std::int16_t>(take_odd ? odd : even);
      taken |= std::uint64_t{take_odd} << state;
    };
    for (unsigned m = 0; m < kHalf; ++m) {
      int branch = 0;
      for (std::size_t output = 0; output < kOutputs; ++output) {
        const int value = soft[step * kOutputs + output];
        branch += std::popcount(2 * m & generators[output]) % 2 ? -value : value;
      }
      // As below: states 2 m and 2 m + 1 lead to m and m + 32.
      const int even = metrics[2 * m], odd = metrics[2 * m + 1];
      choose(m, even + branch, odd - branch);
      choose(kHalf + m, even - branch, odd + branch);
    }
    metrics = next;
    decisions[step] = taken;
  }
}
#else
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<std::int16_t, 32>;
using V = hn::Vec<D>;
constexpr Index kLanes = HWY_LANES(std::int16_t) < 32 ? HWY_LANES(std::int16_t) : 32;
/// Vectors that hold half of the states.
constexpr Index kBlocks = 32 / kLanes;

/// For output j of the step from state 2 m with input 0: all ones where the bit is 1.
template <int kOutputs>
struct Signs {
  V of[kOutputs][kBlocks];
  V ones[kBlocks];  ///< how many outputs are 1

  explicit Signs(std::span<const unsigned> generators) {
    const D d;
    for (Index block = 0; block < kBlocks; ++block) {
      ones[block] = hn::Zero(d);
      for (int output = 0; output < kOutputs; ++output) {
        HWY_ALIGN std::int16_t lanes[kLanes];
        for (Index lane = 0; lane < kLanes; ++lane) {
          const auto state = static_cast<unsigned>(2 * (block * kLanes + lane));
          lanes[lane] = std::popcount(state & generators[static_cast<std::size_t>(output)]) % 2 ? -1 : 0;
        }
        of[output][block] = hn::Load(d, lanes);
        ones[block] = hn::Sub(ones[block], of[output][block]);
      }
    }
  }
};

/// The better of two paths; bit i of `decisions` says that lane i took `odd`. The difference is right modulo 2^16.
HWY_INLINE V better(V even, V odd, std::uint8_t* decisions) {
  const D d;
  const auto take_odd = hn::Lt(hn::Sub(even, odd), hn::Zero(d));
  hn::StoreMaskBits(d, take_odd, decisions);
  return hn::IfThenElse(take_odd, odd, even);
}

template <int kOutputs>
HWY_INLINE void run(std::span<const std::int16_t> soft, std::span<const unsigned> generators, Metrics& metrics,
                    std::uint64_t* decisions) {
  const D d;
  const Signs<kOutputs> signs(generators);
  V state[2 * kBlocks];
  for (Index block = 0; block < 2 * kBlocks; ++block) state[block] = hn::LoadU(d, metrics.data() + block * kLanes);
  const std::size_t steps = soft.size() / kOutputs;
  for (std::size_t step = 0; step < steps; ++step) {
    HWY_ALIGN std::uint8_t taken[16];  // eight are used
    V next[2 * kBlocks];
    for (Index block = 0; block < kBlocks; ++block) {
      // The sum of the soft bits, each with the sign of its code bit; -x is ~x + 1.
      V branch = signs.ones[block];
      for (int output = 0; output < kOutputs; ++output)
        branch = hn::Add(branch, hn::Xor(hn::Set(d, soft[step * kOutputs + output]), signs.of[output][block]));
      // States 2 m and 2 m + 1 lead to m (input 0) and m + 32 (input 1); each change inverts all outputs.
      const V even = hn::ConcatEven(d, state[2 * block + 1], state[2 * block]);
      const V odd = hn::ConcatOdd(d, state[2 * block + 1], state[2 * block]);
      std::uint8_t* to = taken + block * kLanes / 8;
      next[block] = better(hn::Add(even, branch), hn::Sub(odd, branch), to);
      next[kBlocks + block] = better(hn::Sub(even, branch), hn::Add(odd, branch), to + 4);
    }
    for (Index block = 0; block < 2 * kBlocks; ++block) state[block] = next[block];
    std::memcpy(decisions + step, taken, sizeof(std::uint64_t));
  }
  for (Index block = 0; block < 2 * kBlocks; ++block) hn::StoreU(state[block], d, metrics.data() + block * kLanes);
}
#endif  // HWY_TARGET == HWY_SCALAR

void run_all(std::span<const std::int16_t> soft, std::span<const unsigned> generators, Metrics& metrics,
             std::uint64_t* decisions) {
  if (generators.size() == 2) return run<2>(soft, generators, metrics, decisions);
  run<3>(soft, generators, metrics, decisions);
}

}  // namespace semlink::viterbi::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::viterbi {

HWY_EXPORT(run_all);

void forward(std::span<const std::int16_t> soft, std::span<const unsigned> generators, Metrics& metrics,
             std::uint64_t* decisions) {
  HWY_DYNAMIC_DISPATCH(run_all)(soft, generators, metrics, decisions);
}

}  // namespace semlink::viterbi
#endif  // HWY_ONCE
