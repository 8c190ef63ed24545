#include <semlink/core/simd_targets.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE <semlink/channel/fec/ldpc_kernels.cpp>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// Behind foreach_target.h, which it needs.
#include <hwy/contrib/math/math-inl.h>
#include <semlink/channel/fec/ldpc_decoder.h>
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
  /// 0.75 m, rounded: cut off or rounded up, the short messages that decide would be scaled by something else.
  static HWY_INLINE Magnitude scaled(Magnitude m, float) {
    return hn::Sub(m, hn::ShiftRight<2>(hn::Add(m, hn::Set(U(), 2))));
  }
  static HWY_INLINE Magnitude offset(Magnitude m, float by) {
    return hn::SaturatedSub(m, hn::Set(U(), static_cast<std::uint8_t>(by)));
  }
  static HWY_INLINE Magnitude limited(Magnitude m) { return hn::Min(m, hn::Set(U(), kMaxMessage)); }
};

/// What a kernel knows of its row, in variables of its own: stores of bytes could otherwise change them. With kDegree >
/// 0 the number of edges is known at compile time and the messages of a block stay in registers.
template <typename T, Index kDegree>
class Row {
 public:
  using A = Arithmetic<T>;
  using V = typename A::V;
  static constexpr Index kRoom = kDegree > 0 ? kDegree : kMaxDegree;

  HWY_INLINE explicit Row(const CheckRow<T>& row)
      : degree_(row.degree), checks_(row.checks), stride_(row.stride), messages_(row.messages) {
    for (Index edge = 0; edge < degree(); ++edge) {
      in_[edge] = row.in[edge];
      out_[edge] = row.out[edge];
      shift_[edge] = row.shift[edge];
    }
  }

  HWY_INLINE Index degree() const { return kDegree > 0 ? kDegree : degree_; }
  HWY_INLINE Index checks() const { return checks_; }

  /// The LLRs of `edge` for the checks from `first` on, one vector of them.
  HWY_INLINE V llr(Index edge, Index first) const {
    const Index place = first + shift_[edge];
    return hn::LoadU(typename A::D(), in_[edge] + (place < checks_ ? place : place - checks_));
  }
  HWY_INLINE V input(Index edge, Index first) const {
    return A::subtract(llr(edge, first), hn::Load(typename A::D(), messages_ + edge * stride_ + first));
  }
  template <bool kOut>
  HWY_INLINE void give(Index edge, Index first, V q, V message) const {
    const typename A::D d;
    hn::Store(message, d, messages_ + edge * stride_ + first);
    if constexpr (kOut) hn::Store(A::add(q, message), d, out_[edge] + first);
  }

 private:
  Index degree_, checks_, stride_;
  T* messages_;
  const T* in_[kRoom];
  T* out_[kRoom];
  Index shift_[kRoom];
};

template <bool kOut, Index kDegree, typename T>
HWY_INLINE void min_sum(const CheckRow<T>& task, Rule rule, float parameter) {
  using A = Arithmetic<T>;
  const Row<T, kDegree> row(task);
  typename A::V inputs[Row<T, kDegree>::kRoom];
  for (Index first = 0; first < row.checks(); first += HWY_LANES(T)) {
    auto smallest = A::largest(), second = A::largest();
    auto sign = hn::Zero(typename A::D());
    for (Index edge = 0; edge < row.degree(); ++edge) {
      inputs[edge] = row.input(edge, first);
      const auto magnitude = A::magnitude(inputs[edge]);
      sign = hn::Xor(sign, inputs[edge]);
      second = hn::Min(second, hn::Max(smallest, magnitude));
      smallest = hn::Min(smallest, magnitude);
    }
    const bool normalized = rule == Rule::normalized_min_sum;
    const auto usual = A::limited(normalized ? A::scaled(smallest, parameter) : A::offset(smallest, parameter));
    const auto to_smallest = A::limited(normalized ? A::scaled(second, parameter) : A::offset(second, parameter));
    for (Index edge = 0; edge < row.degree(); ++edge) {
      const auto q = inputs[edge];
      const auto m = hn::IfThenElse(hn::Eq(A::magnitude(q), smallest), to_smallest, usual);
      row.template give<kOut>(edge, first, q, A::with_sign(m, hn::Xor(sign, q)));
    }
  }
}

/// The degrees of the NR graphs get code of their own.
template <typename T>
HWY_INLINE void min_sum_layer(const CheckRow<T>& row, Rule rule, float parameter) {
  switch (row.degree) {
    case 3:
      return min_sum<true, 3>(row, rule, parameter);
    case 4:
      return min_sum<true, 4>(row, rule, parameter);
    case 5:
      return min_sum<true, 5>(row, rule, parameter);
    case 6:
      return min_sum<true, 6>(row, rule, parameter);
    case 7:
      return min_sum<true, 7>(row, rule, parameter);
    case 8:
      return min_sum<true, 8>(row, rule, parameter);
    case 9:
      return min_sum<true, 9>(row, rule, parameter);
    case 10:
      return min_sum<true, 10>(row, rule, parameter);
    case 19:
      return min_sum<true, 19>(row, rule, parameter);
    default:
      return min_sum<true, 0>(row, rule, parameter);
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
HWY_INLINE void sum_product(const CheckRow<float>& task) {
  const Floats d;
  const Row<float, 0> row(task);
  hn::Vec<Floats> inputs[kMaxDegree], phis[kMaxDegree], before[kMaxDegree];
  for (Index first = 0; first < row.checks(); first += HWY_LANES(float)) {
    auto sum = hn::Zero(d), sign = hn::Zero(d), behind = hn::Zero(d);
    for (Index edge = 0; edge < row.degree(); ++edge) {
      inputs[edge] = row.input(edge, first);
      before[edge] = sum;
      phis[edge] = phi(hn::Abs(inputs[edge]));
      sum = hn::Add(sum, phis[edge]);
      sign = hn::Xor(sign, inputs[edge]);
    }
    for (Index edge = row.degree() - 1; edge >= 0; --edge) {
      const auto magnitude = phi(hn::Add(behind, before[edge]));
      behind = hn::Add(behind, phis[edge]);
      row.give<kOut>(edge, first, inputs[edge], Arithmetic<float>::with_sign(magnitude, hn::Xor(sign, inputs[edge])));
    }
  }
}

void layer_float(const CheckRow<float>& row, Rule rule, float parameter) {
  if (rule == Rule::sum_product) return sum_product<true>(row);
  min_sum_layer(row, rule, parameter);
}
void layer_int8(const CheckRow<std::int8_t>& row, Rule rule, float parameter) { min_sum_layer(row, rule, parameter); }
void messages_float(const CheckRow<float>& row, Rule rule, float parameter) {
  if (rule == Rule::sum_product) return sum_product<false>(row);
  min_sum<false, 0>(row, rule, parameter);
}

template <typename T>
HWY_INLINE bool satisfied(const CheckRow<T>& task) {
  const hn::RebindToSigned<typename Arithmetic<T>::D> bits;
  const Row<T, 0> row(task);
  constexpr Index kLanes = HWY_LANES(T);
  for (Index first = 0; first < row.checks(); first += kLanes) {
    auto parity = hn::Zero(bits);
    for (Index edge = 0; edge < row.degree(); ++edge) parity = hn::Xor(parity, hn::BitCast(bits, row.llr(edge, first)));
    const auto within = hn::FirstN(bits, static_cast<std::size_t>(std::min(kLanes, row.checks() - first)));
    if (!hn::AllFalse(bits, hn::And(within, hn::Lt(parity, hn::Zero(bits))))) return false;
  }
  return true;
}

bool satisfied_float(const CheckRow<float>& row) { return satisfied(row); }
bool satisfied_int8(const CheckRow<std::int8_t>& row) { return satisfied(row); }

void quantize_all(const float* llrs, Index count, std::int8_t* out) {
  constexpr float kScale = LdpcDecoderSettings::kEightBitScale;
  constexpr float kLimit = kMaxMessage / kScale, kKnown = 127 / kScale;
  // A float of this size has no fraction, and its last byte is that of the whole number that was added.
  constexpr float kWhole = 3 << 22;
  const Floats d;
  const hn::RebindToUnsigned<Floats> words;
  const hn::Rebind<std::uint8_t, Floats> bytes;
  const auto largest = hn::Set(d, kLimit), smallest = hn::Set(d, -kLimit), scale = hn::Set(d, kScale);
  const auto known_from = hn::Set(d, LdpcDecoder::kLargestLlr), known = hn::Set(d, kKnown), whole = hn::Set(d, kWhole);
  constexpr Index kLanes = HWY_LANES(float);
  Index i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto llr = hn::LoadU(d, llrs + i);
    const auto clipped = hn::IfThenElse(hn::Ge(llr, known_from), known, hn::Min(hn::Max(llr, smallest), largest));
    const auto rounded = hn::BitCast(words, hn::MulAdd(clipped, scale, whole));
    hn::StoreU(hn::TruncateTo(bytes, rounded), bytes, reinterpret_cast<std::uint8_t*>(out + i));
  }
  for (; i < count; ++i) {
    const float clipped = llrs[i] >= LdpcDecoder::kLargestLlr ? kKnown : std::clamp(llrs[i], -kLimit, kLimit);
    out[i] = static_cast<std::int8_t>(std::nearbyint(clipped * kScale));
  }
}

}  // namespace semlink::ldpc::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace semlink::ldpc {

HWY_EXPORT(layer_float);
HWY_EXPORT(layer_int8);
HWY_EXPORT(messages_float);
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
bool all_satisfied(const CheckRow<float>& row) { return HWY_DYNAMIC_DISPATCH(satisfied_float)(row); }
bool all_satisfied(const CheckRow<std::int8_t>& row) { return HWY_DYNAMIC_DISPATCH(satisfied_int8)(row); }
void quantize(const float* llrs, Index count, std::int8_t* out) {
  HWY_DYNAMIC_DISPATCH(quantize_all)(llrs, count, out);
}

}  // namespace semlink::ldpc
#endif  // HWY_ONCE
