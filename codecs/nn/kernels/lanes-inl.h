// Re-included once per instruction set; see Highway's foreach_target.h.
#if defined(SEMLINK_KERNELS_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEMLINK_KERNELS_LANES_INL_H_
#undef SEMLINK_KERNELS_LANES_INL_H_
#else
#define SEMLINK_KERNELS_LANES_INL_H_
#endif

#include <hwy/highway.h>
#include <semlink/core/types.h>

HWY_BEFORE_NAMESPACE();
namespace semlink::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::ScalableTag<float>;
using Vector = hn::Vec<Lanes>;
constexpr Index kLanes = HWY_LANES(float);

/// `count` lanes rounded up to whole vectors.
constexpr Index whole_vectors(Index count) { return (count + kLanes - 1) / kLanes * kLanes; }

HWY_INLINE hn::Mask<Lanes> first_lanes(Index count) { return hn::FirstN(Lanes(), static_cast<std::size_t>(count)); }

/// Calls `body(offset, count)` for each whole vector of [0, size) and, when some are left, once for the rest.
template <class Body>
HWY_INLINE void for_vectors(Index size, const Body& body) {
  Index i = 0;
  for (; i + kLanes <= size; i += kLanes) body(i, kLanes);
  if (i < size) body(i, size - i);
}

// Masked loads and stores of 128-bit instruction sets touch the whole vector, and with it what lies beyond the data.
constexpr bool kMaskedTouchesAll = kLanes <= 4;

/// The first `count` lanes from memory, zeros in the others.
HWY_INLINE Vector load(const float* from, Index count) {
  const Lanes d;
  if (count == kLanes) return hn::LoadU(d, from);
  if constexpr (kMaskedTouchesAll) {
    HWY_ALIGN float part[kLanes] = {};
    for (Index i = 0; i < count; ++i) part[i] = from[i];
    return hn::Load(d, part);
  } else {
    return hn::MaskedLoad(first_lanes(count), d, from);
  }
}

/// Writes the first `count` lanes.
HWY_INLINE void store(Vector value, float* to, Index count) {
  const Lanes d;
  if (count == kLanes) {
    hn::StoreU(value, d, to);
  } else if constexpr (kMaskedTouchesAll) {
    HWY_ALIGN float part[kLanes];
    hn::Store(value, d, part);
    for (Index i = 0; i < count; ++i) to[i] = part[i];
  } else {
    hn::BlendedStore(value, first_lanes(count), d, to);
  }
}

HWY_INLINE Vector constant(float value) { return hn::Set(Lanes(), value); }

HWY_INLINE float sum_of(Vector x) { return hn::GetLane(hn::SumOfLanes(Lanes(), x)); }
HWY_INLINE float max_of(Vector x) { return hn::GetLane(hn::MaxOfLanes(Lanes(), x)); }

}  // namespace semlink::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SEMLINK_KERNELS_LANES_INL_H_
