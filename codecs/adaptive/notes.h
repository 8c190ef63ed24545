#pragma once

#include <vector>

#include <semlink/codecs/decision_trace.h>
#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/nn/operations.h>

/// What a codec tells on its way: its gates' policies of a prediction, and a trace of what was decided. A trace that is
/// null is told nothing.
namespace semlink::adaptive {

/// What a gate reads of a prediction: ln(mse) and ln(mse next / mse).
void fill_prediction(GateQuery& query, const nn::Var<float>& prediction);

/// What the policy said of a stage, and the prediction even where it did not ask for it: `predict(context)` is not
/// charged. `predicts` says whether the network has learned to.
template <typename Predict>
void note_stage(DecisionTrace* decisions, const nn::Context<float>& context, GateQuery query, bool opened,
                bool predicts, const Predict& predict) {
  if (decisions == nullptr) return;
  if (query.predicted_mse < 0 && predicts) {
    nn::Context<float> free_of_charge = context;
    free_of_charge.ledger = nullptr;
    fill_prediction(query, predict(free_of_charge));
  }
  decisions->note_stage(query, opened);
}

/// What ran on which tokens, and by which experts.
void note_blocks(DecisionTrace* decisions, const std::vector<nn::BlockNote>& notes,
                 const std::vector<nn::Routing>& routings, const nn::Grid& grid);

/// The row that each token went to mostly. A block on rows, which has noted what happened at their places, is then told
/// of all tokens; `rows` are the places' raster indices.
void note_pooling(DecisionTrace* decisions, const std::vector<nn::PoolNote>& notes, const nn::Grid& grid,
                  Index first_block, const std::vector<Index>& rows);

}  // namespace semlink::adaptive
