#include <semlink/codecs/adaptive/pooling.h>

#include <algorithm>
#include <array>
#include <numeric>

#include <semlink/codecs/nn/shared_experts.h>
#include <semlink/codecs/nn/table_operations.h>

namespace semlink::adaptive {

namespace {

using nn::Context;
using nn::Grid;
using nn::Init;
using nn::Var;

constexpr Index kSide = nn::Windows::kSide;
constexpr Index kPlaces = nn::Windows::kTokens;
/// Of the entries that `set_start` prefers: among 64 that are zero, its softmax is 0.95.
constexpr float kPreference = 7;

/// Rank of a place along a Z-order curve: the bits of y and x in turns.
Index z_order(Index place) {
  const Index y = place / kSide, x = place % kSide;
  Index rank = 0;
  for (Index bit = 0; (Index{1} << bit) < kSide; ++bit)
    rank |= ((x >> bit & 1) << (2 * bit)) | ((y >> bit & 1) << (2 * bit + 1));
  return rank;
}

/// Places that are a slot's home, in their order on the curve.
std::vector<std::vector<Index>> homes_of_slots(Index slots) {
  std::array<Index, kPlaces> curve{};
  for (Index place = 0; place < kPlaces; ++place) curve[static_cast<std::size_t>(z_order(place))] = place;
  std::vector<std::vector<Index>> homes(static_cast<std::size_t>(slots));
  for (const Index place : curve) homes[static_cast<std::size_t>(home_slot(place, slots))].push_back(place);
  return homes;
}

/// Which rows the windows of some tokens have.
struct PooledRows {
  std::vector<Index> slots;  ///< of each row
  std::vector<Index> rows;   ///< window * number of slots + slot
  std::vector<Index> first;  ///< token at the first home of the row's slot
  nn::RowGroups by_window;
};

PooledRows rows_of_windows(const nn::Windows& windows, Index slots) {
  const std::vector<std::vector<Index>> homes = homes_of_slots(slots);
  PooledRows result;
  for (Index w = 0; w < windows.rows.size(); ++w) {
    std::vector<Index> token_at(static_cast<std::size_t>(kPlaces), -1);
    for (Index token = windows.rows.first(w); token < windows.rows.first(w + 1); ++token)
      token_at[windows.place[static_cast<std::size_t>(token)]] = token;
    Index count = 0;
    for (Index slot = 0; slot < slots; ++slot) {
      const auto& of_slot = homes[static_cast<std::size_t>(slot)];
      const auto home = std::find_if(of_slot.begin(), of_slot.end(),
                                     [&](Index place) { return token_at[static_cast<std::size_t>(place)] >= 0; });
      if (home == of_slot.end()) continue;
      result.slots.push_back(slot);
      result.rows.push_back(w * slots + slot);
      result.first.push_back(token_at[static_cast<std::size_t>(*home)]);
      ++count;
    }
    result.by_window.append(count);
  }
  return result;
}

/// Where the reals of a row's symbols, which are those of its parts in turns, stand with the parts side by side.
std::vector<Index> columns_in_turns(Index parts, Index width) {
  std::vector<Index> from;
  for (Index symbol = 0; symbol < width; ++symbol)
    for (Index part = 0; part < parts; ++part)
      for (Index i = 0; i < 2; ++i) from.push_back(2 * (part * width + symbol) + i);
  return from;
}

/// Where the reals that describe each part's received symbols stand in the description of the row.
std::vector<Index> columns_of_parts(Index parts, Index width) {
  std::vector<Index> from;
  for (Index part = 0; part < parts; ++part) {
    for (Index symbol = 0; symbol < width; ++symbol)
      for (Index i = 0; i < 2; ++i) from.push_back(2 * (symbol * parts + part) + i);
    for (Index symbol = 0; symbol < width; ++symbol) from.push_back((2 * width + symbol) * parts + part);
  }
  return from;
}

/// Tells who asks in which row each token weighs most, over all of the row's parts. `weights` [tokens, slots parts].
template <typename T>
void note_pooling(Context<T>& context, const Var<T>& weights, const TokenLayout& layout, const PooledRows& pooled,
                  Index parts) {
  if (context.pooled == nullptr) return;
  const nn::RowGroups& tokens = layout.windows->rows;
  for (Index w = 0; w < tokens.size(); ++w)
    for (Index token = tokens.first(w); token < tokens.first(w + 1); ++token) {
      nn::PoolNote note{
          {layout.places[static_cast<std::size_t>(token)].y, layout.places[static_cast<std::size_t>(token)].x}};
      T most = -1;
      for (Index row = pooled.by_window.first(w); row < pooled.by_window.first(w + 1); ++row) {
        const T* of_row = weights.data() + token * weights.cols() + pooled.slots[static_cast<std::size_t>(row)] * parts;
        const T weight = std::accumulate(of_row, of_row + parts, T(0));
        if (weight <= most) continue;
        most = weight;
        note.row = row;
      }
      context.pooled->push_back(note);
    }
}

std::vector<Index> places_of(const nn::Windows& windows) { return {windows.place.begin(), windows.place.end()}; }

}  // namespace

Index home_slot(Index place, Index slots) { return z_order(place) * slots / kPlaces; }

Index num_pooled_rows(const Grid& grid, Index per_window) {
  const WindowOrder sorted = sort_into_windows(raster_places({grid}), 1, 0);
  return static_cast<Index>(rows_of_windows(*sorted.layout.windows, per_window).rows.size());
}

TokenPool::TokenPool(nn::ParameterLayout& layout, const NetworkConfig& config)
    : slots_(config.pooled_tokens),
      parts_(config.pool_parts()),
      max_width_(config.max_width),
      gain_(layout.add("encoder.pool.gain", 1, config.dim, Init::ones)),
      bias_(layout.add("encoder.pool.norm_bias", 1, config.dim, Init::zeros)),
      score_(layout.add("encoder.pool.score.weight", config.dim, num_parts(), Init::small_normal)),
      place_(layout.add("encoder.pool.place", kPlaces, num_parts(), Init::zeros)),
      join_(layout, "encoder.pool.join", parts_ * config.dim, config.dim, Init::scaled_normal, true),
      slot_(layout.add("encoder.pool.slot", slots_, config.dim, Init::small_normal)),
      table_(layout.add("decoder.pool.table", kPlaces, num_parts(), Init::zeros)),
      query_(layout.add("decoder.pool.query", kPlaces, config.dim, Init::small_normal)) {}

template <typename T>
TokenPool::Rows<T> TokenPool::pool(Context<T>& context, const Var<T>& x, const Var<T>& bypass,
                                   const TokenLayout& layout) const {
  const nn::Windows& windows = *layout.windows;
  PooledRows pooled = rows_of_windows(windows, slots_);
  const Var<T> normal = nn::layer_norm(context, x, gain_, bias_);
  const Var<T> scores = nn::linear(context, normal, score_, -1);
  const Var<T> weights = nn::softmax_columns(
      context, nn::add(context, scores, nn::table_rows(context, place_, places_of(windows))), windows.rows);
  note_pooling(context, weights, layout, pooled, parts_);
  // [windows * slots, parts * columns], of which smaller windows use some
  const auto mixed = [&](const Var<T>& values) {
    const Var<T> all =
        nn::reshaped(context, nn::group_gram(context, weights, values, windows.rows), parts_ * values.cols());
    const bool whole = static_cast<Index>(pooled.rows.size()) == all.rows();
    return whole ? all : nn::gather_rows(context, all, pooled.rows);
  };
  Rows<T> rows;
  const Var<T> slot = nn::table_rows(context, slot_, pooled.slots);
  rows.x = join_(context, mixed(normal), &slot);
  rows.bypass = nn::permuted_columns(context, mixed(bypass), columns_in_turns(parts_, max_width_));

  auto of_rows = std::make_shared<nn::Windows>();
  of_rows->rows = pooled.by_window;
  of_rows->pooled = true;
  std::vector<Index> per_sample(static_cast<std::size_t>(layout.samples.size()), 0);
  for (std::size_t row = 0; row < pooled.rows.size(); ++row) {
    of_rows->place.push_back(static_cast<std::uint8_t>(pooled.slots[row]));
    rows.layout.places.push_back(layout.places[static_cast<std::size_t>(pooled.first[row])]);
    ++per_sample[static_cast<std::size_t>(rows.layout.places.back().sample)];
  }
  for (const Index count : per_sample) rows.layout.samples.append(count);
  rows.layout.windows = std::move(of_rows);
  return rows;
}

template <typename T>
Var<T> TokenPool::unpool(Context<T>& context, const Var<T>& received, const std::vector<Grid>& grids) const {
  const WindowOrder sorted = sort_into_windows(raster_places(grids), static_cast<Index>(grids.size()), 0);
  const nn::Windows& windows = *sorted.layout.windows;
  const PooledRows pooled = rows_of_windows(windows, slots_);
  const Index num_tokens = windows.rows.begin.back(), num_rows = windows.rows.size() * slots_;
  std::vector<std::uint8_t> open(static_cast<std::size_t>(num_tokens * num_parts()), 0);
  for (const Index row : pooled.rows)
    for (Index token = windows.rows.first(row / slots_); token < windows.rows.first(row / slots_ + 1); ++token)
      std::fill_n(open.begin() + token * num_parts() + row % slots_ * parts_, parts_, std::uint8_t{1});
  const Var<T> weights =
      nn::softmax_open(context, nn::table_rows(context, table_, places_of(windows)), std::move(open));
  Var<T> rows = nn::permuted_columns(context, received, columns_of_parts(parts_, max_width_));
  if (rows.rows() != num_rows) rows = nn::placed_rows(context, rows, pooled.rows, num_rows);
  const Var<T> seen = nn::group_product(context, weights, nn::reshaped(context, rows, 3 * max_width_), windows.rows);
  if (sorted.identity) return seen;
  std::vector<Index> row_of(sorted.order.size());
  for (std::size_t row = 0; row < sorted.order.size(); ++row)
    row_of[static_cast<std::size_t>(sorted.order[row])] = static_cast<Index>(row);
  return nn::gather_rows(context, seen, std::move(row_of));
}

template <typename T>
Var<T> TokenPool::add_queries(Context<T>& context, const Var<T>& x, const std::vector<Grid>& grids) const {
  std::vector<Index> places;
  for (const TokenPlace& place : raster_places(grids)) places.push_back(place.y % kSide * kSide + place.x % kSide);
  return nn::add(context, x, nn::table_rows(context, query_, std::move(places)));
}

void TokenPool::set_start(const nn::ParameterLayout& layout, nn::FlatVector<float>& parameters) const {
  auto place = nn::view(parameters, layout.slot(place_));
  auto table = nn::view(parameters, layout.slot(table_));
  const std::vector<std::vector<Index>> homes = homes_of_slots(slots_);
  for (Index slot = 0; slot < slots_; ++slot) {
    const std::vector<Index>& of_slot = homes[static_cast<std::size_t>(slot)];
    const auto count = static_cast<Index>(of_slot.size());
    for (Index part = 0; part < parts_; ++part)
      place(of_slot[static_cast<std::size_t>(part % count)], slot * parts_ + part) = kPreference;
    for (Index part = 0; part < count; ++part)
      table(of_slot[static_cast<std::size_t>(part)], slot * parts_ + part) = kPreference;
  }
}

#define SEMLINK_INSTANTIATE(T)                                                                                      \
  template TokenPool::Rows<T> TokenPool::pool(Context<T>&, const Var<T>&, const Var<T>&, const TokenLayout&) const; \
  template Var<T> TokenPool::unpool(Context<T>&, const Var<T>&, const std::vector<Grid>&) const;                    \
  template Var<T> TokenPool::add_queries(Context<T>&, const Var<T>&, const std::vector<Grid>&) const;

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::adaptive
