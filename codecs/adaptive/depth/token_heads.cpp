#include <semlink/codecs/adaptive/depth/rows.h>
#include <semlink/codecs/adaptive/network.h>

namespace semlink::adaptive {

template <typename T>
Var<T> Network::pixels_by_token(Context<T>& context, const std::vector<Index>& exits, const Tokens<T>& tokens,
                                const Var<T>& condition, const Var<T>& linear_part,
                                const std::vector<Grid>& grids) const {
  std::vector<Var<T>> parts;
  std::vector<Index> order(exits.size());
  Index at = 0;
  for (Index exit = 0; exit <= config_.decoder_blocks; ++exit) {
    std::vector<Index> rows;
    for (std::size_t row = 0; row < exits.size(); ++row) {
      if (exits[row] != exit) continue;
      rows.push_back(static_cast<Index>(row));
      order[row] = at++;
    }
    if (rows.empty()) continue;
    const Head& head = decoder_heads_[static_cast<std::size_t>(exit)];
    parts.push_back(head.out(context, head_input(context, head.film, take_rows(context, tokens, rows), condition)));
  }
  Var<T> squares = parts.size() == 1 ? parts.front() : nn::concat_rows(context, parts);
  if (parts.size() > 1) squares = nn::gather_rows(context, squares, std::move(order));
  const Var<T> image = nn::overlap_add(context, squares, grids, config_.patch, config_.margin);
  return nn::shifted(context, nn::add(context, image, linear_part), T(0.5));
}

template Var<float> Network::pixels_by_token(Context<float>&, const std::vector<Index>&, const Tokens<float>&,
                                             const Var<float>&, const Var<float>&, const std::vector<Grid>&) const;
template Var<double> Network::pixels_by_token(Context<double>&, const std::vector<Index>&, const Tokens<double>&,
                                              const Var<double>&, const Var<double>&, const std::vector<Grid>&) const;

}  // namespace semlink::adaptive
