#include <semlink/codecs/adaptive/notes.h>

#include <cmath>

#include <semlink/codecs/nn/routers/router.h>

namespace semlink::adaptive {

void fill_prediction(GateQuery& query, const nn::Var<float>& prediction) {
  query.predicted_mse = std::exp(static_cast<double>(prediction.data()[0]));
  query.predicted_mse_next = query.predicted_mse * std::exp(static_cast<double>(prediction.data()[1]));
}

void note_blocks(DecisionTrace* decisions, const std::vector<nn::BlockNote>& notes,
                 const std::vector<nn::Routing>& routings, const nn::Grid& grid) {
  if (decisions == nullptr) return;
  const auto num_tokens = static_cast<std::size_t>(grid.num_tokens());
  for (const nn::BlockNote& note : notes) {
    BlockMap map{note.block, std::vector<bool>(num_tokens, false), {}};
    const auto token = [&](Index row) {
      const auto& place = note.places[static_cast<std::size_t>(row)];
      return static_cast<std::size_t>(place[0] * grid.width + place[1]);
    };
    for (std::size_t row = 0; row < note.places.size(); ++row) map.ran[token(static_cast<Index>(row))] = true;
    const bool routed = note.routing >= 0 && !routings[static_cast<std::size_t>(note.routing)].rows.empty();
    if (routed) {
      const auto& rows = routings[static_cast<std::size_t>(note.routing)].rows;
      map.expert.assign(num_tokens, -1);
      for (std::size_t expert = rows.size(); expert-- > 0;)
        for (const Index row : rows[expert]) map.expert[token(row)] = static_cast<Index>(expert);
    }
    decisions->blocks.push_back(std::move(map));
  }
}

void note_pooling(DecisionTrace* decisions, const std::vector<nn::PoolNote>& notes, const nn::Grid& grid,
                  Index first_block, const std::vector<Index>& rows) {
  if (decisions == nullptr || notes.empty()) return;
  decisions->pooled.resize(static_cast<std::size_t>(grid.num_tokens()));
  for (const nn::PoolNote& note : notes)
    decisions->pooled[static_cast<std::size_t>(note.place[0] * grid.width + note.place[1])] = note.row;
  for (BlockMap& map : decisions->blocks) {
    if (map.block < first_block) continue;
    const BlockMap at_places = map;
    for (std::size_t token = 0; token < map.ran.size(); ++token) {
      const auto place = static_cast<std::size_t>(rows[static_cast<std::size_t>(decisions->pooled[token])]);
      map.ran[token] = at_places.ran[place];
      if (!map.expert.empty()) map.expert[token] = at_places.expert[place];
    }
  }
}

}  // namespace semlink::adaptive
