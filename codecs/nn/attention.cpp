#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <semlink/codecs/nn/backend.h>
#include <semlink/codecs/nn/operations.h>

namespace semlink::nn {

namespace {

constexpr Index kTokens = Windows::kTokens;

constexpr Index kSide = Windows::kSide;
constexpr Index kOffsets = Windows::kOffsets;

/// Calls visit(first of kSide pairs, first of kSide entries) for every query and row of keys: kSide adjacent entries of
/// a bias table that is turned round belong to a query and the keys of a row, from the left.
template <typename Visit>
void for_each_row_of_keys(Visit&& visit) {
  for (Index query = 0; query < kTokens; ++query)
    for (Index key_row = 0; key_row < kSide; ++key_row) {
      const Index dy = query / kSide - key_row + kSide - 1, least_dx = query % kSide;
      const Index last = dy * (2 * kSide - 1) + least_dx + kSide - 1;  // of the table as it is: that of the first key
      visit(query * kTokens + key_row * kSide, kOffsets - 1 - last);
    }
}

/// The table spread out over all pairs of places, [kTokens, kTokens].
template <typename T>
void spread_bias(const T* table, T* full) {
  std::array<T, kOffsets> turned;
  std::reverse_copy(table, table + kOffsets, turned.begin());
  for_each_row_of_keys([&](Index pair, Index entry) { std::copy_n(&turned[entry], kSide, full + pair); });
}

template <typename T>
void collect_bias(const T* g_full, T* g_table) {
  std::array<T, kOffsets> turned;
  std::reverse_copy(g_table, g_table + kOffsets, turned.begin());
  for_each_row_of_keys([&](Index pair, Index entry) {
    for (Index i = 0; i < kSide; ++i) turned[entry + i] += g_full[pair + i];
  });
  std::reverse_copy(turned.begin(), turned.end(), g_table);
}

/// A window whose tokens are all there, in order, each for itself, can use the spread table as it is.
bool is_full(const Windows& windows, Index window) {
  if (windows.pooled || windows.rows.count(window) != kTokens || !windows.log_size.empty()) return false;
  const std::uint8_t* place = windows.place.data() + windows.rows.first(window);
  for (Index i = 0; i < kTokens; ++i)
    if (place[i] != i) return false;
  return true;
}

/// Calls visit(i, j, full index) for every pair of tokens of a window.
template <typename Visit>
void for_each_pair(const Windows& windows, Index window, Visit&& visit) {
  const Index count = windows.rows.count(window);
  const std::uint8_t* place = windows.place.data() + windows.rows.first(window);
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j) visit(i * count + j, place[i] * kTokens + place[j]);
}

/// Bias of every pair of a window, from the spread table and the sizes of the keys.
template <typename T>
void pair_bias(const Windows& windows, Index window, const T* full, T* part) {
  const Index count = windows.rows.count(window);
  if (windows.pooled)
    std::fill_n(part, count * count, T(0));
  else
    for_each_pair(windows, window, [&](Index pair, Index entry) { part[pair] = full[entry]; });
  if (windows.log_size.empty()) return;
  const float* log_size = windows.log_size.data() + windows.rows.first(window);
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j) part[i * count + j] += static_cast<T>(log_size[j]);
}

/// Adds the weights that the keys of a window get, `probs` [count, count], to `received`.
template <typename T>
void note_received(Index count, Index num_heads, const T* probs, T* received) {
  const T share = T(1) / static_cast<T>(count * num_heads);
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j) received[j] += share * probs[i * count + j];
}

}  // namespace

template <typename T>
Var<T> window_attention(Context<T>& context, const Var<T>& qkv, Index num_heads, Index bias_table,
                        std::shared_ptr<const Windows> windows) {
  const Index dim = qkv.cols() / 3, head_dim = dim / num_heads, stride = qkv.cols();
  const T scale = T(1) / std::sqrt(static_cast<T>(head_dim));
  const Index num_windows = windows->rows.size();
  const Var<T> out = context.tape.result(qkv.rows(), dim, {&qkv}, context.trains());
  const bool keep = out.needs_grad();

  std::vector<Index> probs_begin(static_cast<std::size_t>(num_windows) + 1, 0);
  Index pairs = 0, largest = 0;
  for (Index w = 0; w < num_windows; ++w) {
    const Index count = windows->rows.count(w);
    pairs += count * count;
    largest = std::max(largest, count * count);
    probs_begin[static_cast<std::size_t>(w) + 1] = pairs;
  }
  context.count(2 * pairs, dim, 1);
  context.count_scalar(3 * pairs * num_heads);

  AttentionRecord<T>* record = context.attention;
  if (record != nullptr) {
    record->received.assign(static_cast<std::size_t>(qkv.rows()), T(0));
    record->keys = qkv.value().middleCols(dim, dim);
    context.count_scalar(pairs * num_heads);
  }

  const Var<T> probs = context.tape.constant(keep ? num_heads * pairs : largest, 1);
  const Var<T> full_bias = context.tape.constant(kTokens, kTokens);
  const Var<T> part_bias = context.tape.constant(std::max<Index>(1, largest), 1);
  for (Index h = 0; h < num_heads; ++h) {
    spread_bias(context.values(bias_table) + h * Windows::kOffsets, full_bias.data());
    for (Index w = 0; w < num_windows; ++w) {
      const Index count = windows->rows.count(w), first = windows->rows.first(w);
      const T* bias = full_bias.data();
      if (!is_full(*windows, w)) {
        pair_bias(*windows, w, full_bias.data(), part_bias.data());
        bias = part_bias.data();
      }
      const T* q = qkv.data() + first * stride + h * head_dim;
      T* p = probs.data() + (keep ? h * pairs + probs_begin[static_cast<std::size_t>(w)] : 0);
      backend::attention(count, count, head_dim, scale, q, stride, q + dim, stride, q + 2 * dim, stride, bias, p,
                         out.data() + first * dim + h * head_dim, dim);
      if (record != nullptr) note_received(count, num_heads, p, record->received.data() + first);
    }
  }

  context.tape.on_backward(out, [=, probs_begin = std::move(probs_begin)] {
    const Var<T> g_full = context.tape.constant(kTokens, kTokens);
    const Var<T> g_part = context.tape.constant(std::max<Index>(1, largest), 1);
    T* g_qkv = qkv.grad().data();
    const T* g_out = out.grad().data();
    for (Index h = 0; h < num_heads; ++h) {
      std::fill_n(g_full.data(), kTokens * kTokens, T(0));
      for (Index w = 0; w < num_windows; ++w) {
        const Index count = windows->rows.count(w), first = windows->rows.first(w);
        const bool full = is_full(*windows, w);
        if (!full) std::fill_n(g_part.data(), count * count, T(0));
        const T* q = qkv.data() + first * stride + h * head_dim;
        T* g_q = g_qkv + first * stride + h * head_dim;
        const T* p = probs.data() + h * pairs + probs_begin[static_cast<std::size_t>(w)];
        backend::attention_backward(count, count, head_dim, scale, q, stride, q + dim, stride, q + 2 * dim, stride, p,
                                    g_out + first * dim + h * head_dim, dim, g_q, g_q + dim, g_q + 2 * dim,
                                    full ? g_full.data() : g_part.data());
        if (!full && !windows->pooled)
          for_each_pair(*windows, w, [&](Index pair, Index entry) { g_full.data()[entry] += g_part.data()[pair]; });
      }
      if (context.trains()) collect_bias(g_full.data(), context.grads(bias_table) + h * Windows::kOffsets);
    }
  });
  return out;
}

template Var<float> window_attention(Context<float>&, const Var<float>&, Index, Index, std::shared_ptr<const Windows>);
template Var<double> window_attention(Context<double>&, const Var<double>&, Index, Index,
                                      std::shared_ptr<const Windows>);

}  // namespace semlink::nn
