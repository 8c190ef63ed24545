#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <semlink/core/types.h>

namespace semlink {

/// What a policy may see before a stage that could be skipped. MSE of image values in [0, 1].
struct GateQuery {
  Index stage = 0;  ///< the stage that would run next, 0-based
  Index num_stages = 0;
  std::optional<double> snr_db;    ///< estimated, never the true one; empty when unknown
  double predicted_mse = -1;       ///< of the output if the codec stopped here; -1 unless `needs_prediction`
  double predicted_mse_next = -1;  ///< of the output after one more stage
  std::int64_t macs_spent = 0;     ///< by this side for this sample so far, gates included
  std::int64_t macs_next = 0;      ///< what the stage would cost, its head excluded
  /// Mean squared change that each stage run so far made to the output; empty unless `needs_output_changes`.
  std::span<const double> output_changes = {};
  /// Probability of each class at this exit; empty unless `needs_classes`.
  std::span<const double> class_probabilities = {};
  /// The likeliest class at each exit so far, this one the last; empty unless `needs_classes`.
  std::span<const Index> class_decisions = {};
};

/// Mechanism and policy apart: a codec says where work may be skipped, a policy says whether.
class GatePolicy {
 public:
  virtual ~GatePolicy() = default;
  /// True to run the stage, false to stop before it. A function of the query alone.
  virtual bool open(const GateQuery& query) const = 0;
  /// Whether `predicted_mse` must be filled; predictions cost MACs, which are charged.
  virtual bool needs_prediction() const { return false; }
  /// Asked ahead of a prediction: false where `open` will be false whatever is predicted, so that none is made.
  virtual bool may_open(const GateQuery&) const { return true; }
  /// Whether `output_changes` must be filled: the output is then made at every exit that is passed, and charged. Only
  /// receivers have one.
  virtual bool needs_output_changes() const { return false; }
  /// Whether the classes must be filled: the class head then runs at every exit that is passed, and is charged. Only
  /// networks with class heads can.
  virtual bool needs_classes() const { return false; }
  /// Whether this exit's class is sure enough to be the answer: a transmitter may then send it in place of features.
  virtual bool decides(const GateQuery&) const { return false; }
};

}  // namespace semlink
