#include <semlink/codecs/adaptive/depth/rows.h>

#include <semlink/codecs/nn/decision_operations.h>

namespace semlink::adaptive {

template <typename T>
Tokens<T> take_rows(Context<T>& context, const Tokens<T>& tokens, const std::vector<Index>& rows) {
  if (static_cast<Index>(rows.size()) == tokens.x.rows()) return {tokens.x, {}, tokens.layout};
  Tokens<T> taken;
  std::vector<Index> per_sample(static_cast<std::size_t>(tokens.layout.samples.size()), 0);
  for (const Index row : rows) {
    taken.layout.places.push_back(tokens.layout.places[static_cast<std::size_t>(row)]);
    ++per_sample[static_cast<std::size_t>(taken.layout.places.back().sample)];
  }
  for (const Index count : per_sample) taken.layout.samples.append(count);
  taken.x = nn::gather_rows(context, tokens.x, rows);
  return taken;
}

template <typename T>
RowsAfterBlock<T> decoder_block_on_rows(Context<T>& context, const Network& network, Index block,
                                        const Tokens<T>& tokens, const std::vector<Index>& rows,
                                        const Var<T>& condition, const std::vector<Grid>& grids) {
  Tokens<T> taken = take_rows(context, tokens, rows);
  network.decoder_block(context, block, taken, condition, window_shift(grids.front(), block));
  std::vector<Index> first{0};
  for (const Grid& grid : grids) first.push_back(first.back() + grid.num_tokens());
  RowsAfterBlock<T> after{taken.x, {}};
  for (const TokenPlace& place : taken.layout.places) {
    const auto s = static_cast<std::size_t>(place.sample);
    after.rows.push_back(first[s] + place.y * grids[s].width + place.x);
  }
  return after;
}

template <typename T>
Var<T> ones(Context<T>& context, Index rows) {
  const Var<T> out = context.tape.constant(rows, 1);
  out.value().setOnes();
  return out;
}

template <typename T>
void run_block_where_open(Context<T>& context, const Network& network, Index block, Tokens<T>& tokens,
                          const Var<T>& openings, const Var<T>& condition, const std::vector<Grid>& grids) {
  const nn::RowGroups& all = tokens.layout.samples;
  std::vector<Index> rows;
  for (Index s = 0; s < openings.rows(); ++s) {
    if (openings.data()[s] == T(0) && !openings.needs_grad()) continue;
    for (Index row = all.first(s); row < all.first(s + 1); ++row) rows.push_back(row);
  }
  if (rows.empty()) return;
  RowsAfterBlock<T> after = decoder_block_on_rows(context, network, block, tokens, rows, condition, grids);
  std::vector<Index> samples;
  for (const Index row : after.rows) samples.push_back(tokens.layout.places[static_cast<std::size_t>(row)].sample);
  const Var<T> weights = nn::gather_rows(context, openings, std::move(samples));
  tokens.x = nn::blend_rows(context, tokens.x, after.y, weights, std::move(after.rows));
}

#define SEMLINK_INSTANTIATE(T)                                                                                     \
  template RowsAfterBlock<T> decoder_block_on_rows(Context<T>&, const Network&, Index, const Tokens<T>&,           \
                                                   const std::vector<Index>&, const Var<T>&,                       \
                                                   const std::vector<Grid>&);                                      \
  template void run_block_where_open(Context<T>&, const Network&, Index, Tokens<T>&, const Var<T>&, const Var<T>&, \
                                     const std::vector<Grid>&);                                                    \
  template Tokens<T> take_rows(Context<T>&, const Tokens<T>&, const std::vector<Index>&);                          \
  template Var<T> ones(Context<T>&, Index);

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::adaptive
