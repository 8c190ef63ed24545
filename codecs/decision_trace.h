#pragma once

#include <cstdint>
#include <vector>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/types.h>

namespace semlink {

/// A stage that could be skipped, and what its policy said.
struct StageDecision {
  Index stage = 0;  ///< 0-based
  bool opened = false;
  double predicted_mse = -1;       ///< of the output without the stage, values in [0, 1]; -1 where nothing predicts it
  double predicted_mse_next = -1;  ///< of the output with it
  std::int64_t macs = 0;           ///< what it costs
};

/// A block that ran, by token in raster order. Of pooled rows, what happened to one happened to all tokens that weigh
/// most in it.
struct BlockMap {
  Index block = 0;        ///< 0-based
  std::vector<bool> ran;  ///< on which tokens
  std::vector<Index>
      expert;  ///< which expert served each, of several the first, -1 where none did; empty without experts
};

/// What one side decided on its way, for those who want to see it. Filling it costs nothing that is charged.
struct DecisionTrace {
  std::vector<double> rate_mse;  ///< predicted for 1, 2, ... symbols per row, where a rate was chosen by it
  Index width = 0;               ///< the one chosen
  std::vector<Index>
      pooled;  ///< by token in raster order, the row in which it weighs most; empty where none are pooled
  std::vector<StageDecision> stages;
  std::vector<BlockMap> blocks;

  void note_stage(const GateQuery& query, bool opened) {
    stages.push_back({query.stage, opened, query.predicted_mse, query.predicted_mse_next, query.macs_next});
  }
};

}  // namespace semlink
