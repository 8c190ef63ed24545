#include <semlink/channel/fec/targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/channel/fec/ldpc_kernels.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Behind foreach_target.h, which it needs.
#include <hwy/contrib/math/math-inl.h>
#include <semlink/channel/fec/ldpc_kernels_internal.h>

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace semlink::ldpc::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// What differs between the two arithmetics; magnitudes in 8 bits are unsigned, so that |-128| is 128.
template <typename T>
struct Arithmetic;

template <>
struct Arithmetic<float> {
  using D = hn::ScalableTag<float>;
  using V = hn::Vec<D>;
  using Magnitude = V;
  static constexpr float kLargest = 1e6f;

  static HWY_INLINE V subtract(V a, V b) { return hn::Sub(a, b); }
  static HWY_INLINE V add(V a, V b) { return hn::Add(a, b); }
  static HWY_INLINE Magnitude magnitude(V a) { return hn::Abs(a); }
  static HWY_INLINE Magnitude largest() { return hn::Set(D(), kLargest); }
  /// `m` with the sign of `sign`.
  static HWY_INLINE V with_sign(Magnitude m, V sign) { return hn::Xor(m, hn::And(sign, hn::SignBit(D()))); }
  static HWY_INLINE Magnitude scaled(Magnitude m, float factor) { return hn::Mul(m, hn::Set(D(), factor)); }
  static HWY_INLINE Magnitude offset(Magnitude m, float by) {
    return hn::Max(hn::Sub(m, hn::Set(D(), by)), hn::Zero(D()));
  }
  static HWY_INLINE Magnitude limited(Magnitude m) { return m; }
};

template <>
struct Arithmetic<std::int8_t> {
  using D = hn::ScalableTag<std::int8_t>;
  using U = hn::ScalableTag<std::uint8_t>;
  using V = hn::Vec<D>;
  using Magnitude = hn::Vec<U>;

  static HWY_INLINE V subtract(V a, V b) { return hn::SaturatedSub(a, b); }
  static HWY_INLINE V add(V a, V b) { return hn::SaturatedAdd(a, b); }
  static HWY_INLINE Magnitude magnitude(V a) { return hn::BitCast(U(), hn::Abs(a)); }
  static HWY_INLINE Magnitude largest() { return hn::Set(U(), 255); }
  static HWY_INLINE V with_sign(Magnitude m, V sign) {
    const V positive = hn::BitCast(D(), m);
    return hn::IfNegativeThenElse(sign, hn::Neg(positive), positive);
  }
  static HWY_INLINE Magnitude scaled(Magnitude m, float) { return hn::Sub(m, hn::ShiftRight<2>(m)); }
  static HWY_INLINE Magnitude offset(Magnitude m, float by) {
    return hn::SaturatedSub(m, hn::Set(U(), static_cast<std::uint8_t>(by)));
  }
  static HWY_INLINE Magnitude limited(Magnitude m) { return hn::Min(m, hn::Set(U(), kMaxMessage)); }
};

/// Where one vector of checks stands in its row.
template <typename T>
struct Block {
  const CheckRow<T>& row;
  Index first;

  HWY_INLINE T* message(Index edge) const { return row.messages + edge * row.stride + first; }
  HWY_INLINE auto llr(Index edge) const {
    const Index place = first + row.shift[edge];
    return hn::LoadU(typename Arithmetic<T>::D(), row.in[edge] + (place < row.checks ? place : place - row.checks));
  }
  HWY_INLINE auto input(Index edge) const {
    return Arithmetic<T>::subtract(llr(edge), hn::Load(typename Arithmetic<T>::D(), message(edge)));
  }
};

template <bool kOut, typename T, class V>
HWY_INLINE void give(const Block<T>& block, Index edge, V q, V message) {
  const typename Arithmetic<T>::D d;
  hn::Store(message, d, block.message(edge));
  if constexpr (kOut) hn::Store(Arithmetic<T>::add(q, message), d, block.row.out[edge] + block.first);
}

template <bool kNormalized, bool kOut, typename T>
HWY_INLINE void min_sum_block(const Block<T>& block, float parameter) {
  using A = Arithmetic<T>;
  const typename A::D d;
  HWY_ALIGN T inputs[kMaxDegree * HWY_LANES(T)];
  auto smallest = A::largest(), second = A::largest();
  auto sign = hn::Zero(d);
  for (Index edge = 0; edge < block.row.degree; ++edge) {
    const auto q = block.input(edge);
    hn::Store(q, d, inputs + edge * HWY_LANES(T));
    const auto magnitude = A::magnitude(q);
    sign = hn::Xor(sign, q);
    second = hn::Min(second, hn::Max(smallest, magnitude));
    smallest = hn::Min(smallest, magnitude);
  }
  const auto answer = [&](auto m) HWY_ATTR {
    return A::limited(kNormalized ? A::scaled(m, parameter) : A::offset(m, parameter));
  };
  const auto usual = answer(smallest), to_smallest = answer(second);
  for (Index edge = 0; edge < block.row.degree; ++edge) {
    const auto q = hn::Load(d, inputs + edge * HWY_LANES(T));
    const auto m = hn::IfThenElse(hn::Eq(A::magnitude(q), smallest), to_smallest, usual);
    give<kOut>(block, edge, q, A::with_sign(m, hn::Xor(sign, q)));
  }
}

using Floats = hn::ScalableTag<float>;

/// phi(x) = -ln tanh(x / 2) = ln(1 + 2 / (e^x - 1)), its own inverse, exact to rounding at both ends.
HWY_INLINE hn::Vec<Floats> phi(hn::Vec<Floats> x) {
  const Floats d;
  const auto inside = hn::Min(hn::Max(x, hn::Set(d, 1e-30f)), hn::Set(d, 80.0f));
  return hn::Log1p(d, hn::Div(hn::Set(d, 2.0f), hn::Expm1(d, inside)));
}

// The sums leave one edge out by adding what is before and behind it: a difference of sums would cancel.
template <bool kOut>
HWY_INLINE void sum_product_block(const Block<float>& block) {
  const Floats d;
  HWY_ALIGN float inputs[kMaxDegree * HWY_LANES(float)];
  HWY_ALIGN float phis[kMaxDegree * HWY_LANES(float)];
  HWY_ALIGN float before[kMaxDegree * HWY_LANES(float)];
  auto sum = hn::Zero(d), sign = hn::Zero(d);
  for (Index edge = 0; edge < block.row.degree; ++edge) {
    const auto q = block.input(edge);
    hn::Store(q, d, inputs + edge * HWY_LANES(float));
    hn::Store(sum, d, before + edge * HWY_LANES(float));
    const auto term = phi(hn::Abs(q));
    hn::Store(term, d, phis + edge * HWY_LANES(float));
    sum = hn::Add(sum, term);
    sign = hn::Xor(sign, q);
  }
  auto behind = hn::Zero(d);
  for (Index edge = block.row.degree - 1; edge >= 0; --edge) {
    const auto q = hn::Load(d, inputs + edge * HWY_LANES(float));
    const auto others = hn::Add(behind, hn::Load(d, before + edge * HWY_LANES(float)));
    behind = hn::Add(behind, hn::Load(d, phis + edge * HWY_LANES(float)));
    give<kOut>(block, edge, q, Arithmetic<float>::with_sign(phi(others), hn::Xor(sign, q)));
  }
}

template <bool kOut, typename T>
HWY_INLINE void update(const CheckRow<T>& row, Rule rule, float parameter) {
  constexpr Index kLanes = HWY_LANES(T);
  if (rule == Rule::normalized_min_sum) {
    for (Index i = 0; i < row.checks; i += kLanes) min_sum_block<true, kOut>(Block<T>{row, i}, parameter);
  } else if (rule == Rule::offset_min_sum) {
    for (Index i = 0; i < row.checks; i += kLanes) min_sum_block<false, kOut>(Block<T>{row, i}, parameter);
  } else if constexpr (sizeof(T) == sizeof(float)) {
    for (Index i = 0; i < row.checks; i += kLanes) sum_product_block<kOut>(Block<T>{row, i});
  }
}

void layer_float(const CheckRow<float>& row, Rule rule, float parameter) { update<true>(row, rule, parameter); }
void layer_int8(const CheckRow<std::int8_t>& row, Rule rule, float parameter) { update<true>(row, rule, parameter); }
void messages_float(const CheckRow<float>& row, Rule rule, float parameter) { update<false>(row, rule, parameter); }
void messages_int8(const CheckRow<std::int8_t>& row, Rule rule, float parameter) {
  update<false>(row, rule, parameter);
}

template <typename T>
HWY_INLINE bool satisfied(const CheckRow<T>& row) {
  const hn::RebindToSigned<typename Arithmetic<T>::D> bits;
  constexpr Index kLanes = HWY_LANES(T);
  for (Index i = 0; i < row.checks; i += kLanes) {
    auto parity = hn::Zero(bits);
    for (Index edge = 0; edge < row.degree; ++edge)
      parity = hn::Xor(parity, hn::BitCast(bits, Block<T>{row, i}.llr(edge)));
    const auto within = hn::FirstN(bits, static_cast<std::size_t>(std::min(kLanes, row.checks - i)));
    if (!hn::AllFalse(bits, hn::And(within, hn::Lt(parity, hn::Zero(bits))))) return false;
  }
  return true;
}

bool satisfied_float(const CheckRow<float>& row) { return satisfied(row); }
bool satisfied_int8(const CheckRow<std::int8_t>& row) { return satisfied(row); }

void quantize_all(const float* llrs, Index count, float scale, int limit, std::int8_t* out) {
  const Floats d;
  const hn::Rebind<std::int8_t, Floats> bytes;
  const auto largest = hn::Set(d, static_cast<float>(limit)), smallest = hn::Set(d, -static_cast<float>(limit));
  constexpr Index kLanes = HWY_LANES(float);
  Index i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto scaled = hn::Mul(hn::LoadU(d, llrs + i), hn::Set(d, scale));
    hn::StoreU(hn::DemoteTo(bytes, hn::NearestInt(hn::Min(hn::Max(scaled, smallest), largest))), bytes, out + i);
  }
  for (; i < count; ++i)
    out[i] = static_cast<std::int8_t>(
        std::nearbyint(std::clamp(llrs[i] * scale, -static_cast<float>(limit), static_cast<float>(limit))));
}

}  // namespace semlink::ldpc::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::ldpc {

HWY_EXPORT(layer_float);
HWY_EXPORT(layer_int8);
HWY_EXPORT(messages_float);
HWY_EXPORT(messages_int8);
HWY_EXPORT(satisfied_float);
HWY_EXPORT(satisfied_int8);
HWY_EXPORT(quantize_all);

void update_layer(const CheckRow<float>& row, Rule rule, float parameter) {
  HWY_DYNAMIC_DISPATCH(layer_float)(row, rule, parameter);
}
void update_layer(const CheckRow<std::int8_t>& row, Rule rule, float parameter) {
  HWY_DYNAMIC_DISPATCH(layer_int8)(row, rule, parameter);
}
void update_messages(const CheckRow<float>& row, Rule rule, float parameter) {
  HWY_DYNAMIC_DISPATCH(messages_float)(row, rule, parameter);
}
void update_messages(const CheckRow<std::int8_t>& row, Rule rule, float parameter) {
  HWY_DYNAMIC_DISPATCH(messages_int8)(row, rule, parameter);
}
bool all_satisfied(const CheckRow<float>& row) { return HWY_DYNAMIC_DISPATCH(satisfied_float)(row); }
bool all_satisfied(const CheckRow<std::int8_t>& row) { return HWY_DYNAMIC_DISPATCH(satisfied_int8)(row); }
void quantize(const float* llrs, Index count, float scale, int limit, std::int8_t* out) {
  HWY_DYNAMIC_DISPATCH(quantize_all)(llrs, count, scale, limit, out);
}

}  // namespace semlink::ldpc
#endif  // HWY_ONCE
