#pragma once

#include <cstdint>

#include <semlink/core/types.h>

namespace semlink::ldpc {

/// How a check node answers: what it sends to a bit from the messages of its other bits.
enum class Rule {
  sum_product,         ///< exact: 2 atanh(prod tanh(q / 2))
  normalized_min_sum,  ///< factor * min |q|
  offset_min_sum,      ///< max(min |q| - offset, 0)
};

/// Most edges of a check.
inline constexpr Index kMaxDegree = 40;
/// Elements of the longest vector (512 bits): what a kernel may read behind a column.
template <typename T>
inline constexpr Index kTail = 64 / sizeof(T);
/// Largest magnitude of a message in 8 bits; the sums may be four times as large.
inline constexpr int kMaxMessage = 31;

/// The checks of one block row, side by side, and the arrays they work on. Check i reads LLR (i + shift[e]) mod checks
/// of `in[e]` and writes LLR i of `out[e]`. `in` goes on periodically for kTail<T> elements behind its end; `out` and
/// `messages` have room for whole vectors.
template <typename T>
struct CheckRow {
  Index degree = 0;
  Index checks = 0;
  Index stride = 0;       ///< from the messages of one edge to those of the next
  T* messages = nullptr;  ///< [degree][stride], from the checks to the bits; old ones in, new ones out
  const T* in[kMaxDegree];
  Index shift[kMaxDegree];  ///< in [0, checks)
  T* out[kMaxDegree];       ///< must not overlap `in`
};

/// For every check: q = in - message; message = rule(q of the other edges); out = q + message. `parameter` is the
/// factor or the offset. 8-bit arithmetic saturates and knows the factor 0.75 only.
void update_layer(const CheckRow<float>& row, Rule rule, float parameter);
void update_layer(const CheckRow<std::int8_t>& row, Rule rule, float parameter);

/// The same without `out`.
void update_messages(const CheckRow<float>& row, Rule rule, float parameter);

/// Whether every check holds an even number of negative `in`; no check of a partial vector is left out.
bool all_satisfied(const CheckRow<float>& row);
bool all_satisfied(const CheckRow<std::int8_t>& row);

/// `count` LLRs in steps of 1 / LdpcDecoderSettings::kEightBitScale, rounded, clipped to +-kMaxMessage. A known bit
/// (LdpcDecoder::kLargestLlr) is surer than any message: 127.
void quantize(const float* llrs, Index count, std::int8_t* out);

}  // namespace semlink::ldpc
