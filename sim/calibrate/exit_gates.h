#pragma once

#include <algorithm>
#include <compare>
#include <span>
#include <vector>

#include <semlink/codecs/gate_policy.h>

namespace semlink::calibrate {

/// Stands in for the policy of a link, so that one link can run a trial under several. Used by one thread.
class GateSlot final : public GatePolicy {
 public:
  /// Until the next call; null never reaches `open`.
  void use(const GatePolicy& policy) { policy_ = &policy; }
  bool open(const GateQuery& query) const override { return policy_->open(query); }
  bool may_open(const GateQuery& query) const override { return policy_->may_open(query); }
  bool needs_prediction() const override { return policy_->needs_prediction(); }
  bool needs_output_changes() const override { return policy_->needs_output_changes(); }
  bool needs_classes() const override { return policy_->needs_classes(); }

 private:
  const GatePolicy* policy_ = nullptr;
};

/// Where a policy stopped; a later stop has done all the work of an earlier one.
struct Stop {
  Index stages = 0;       ///< run, counted from the first question
  bool predicted = true;  ///< the stage after them was not refused ahead of a prediction

  auto operator<=>(const Stop&) const = default;
};

/// Goes as deep as the most patient of several policies, and notes where each of them would have stopped. For one
/// trial: a codec asks in order and ends at the first "no", and all policies must need the same of it.
class ExitRecorder final : public GatePolicy {
 public:
  explicit ExitRecorder(std::span<const GatePolicy* const> policies)
      : policies_(policies), stops_(policies.size()), runs_(policies.size(), true) {}

  bool open(const GateQuery& query) const override {
    bool any = false;
    for (std::size_t i = 0; i < policies_.size(); ++i) {
      runs_[i] = runs_[i] && policies_[i]->open(query);
      stops_[i].stages += runs_[i];
      any = any || runs_[i];
    }
    return any;
  }
  bool may_open(const GateQuery& query) const override {
    bool any = false;
    for (std::size_t i = 0; i < policies_.size(); ++i) {
      if (!runs_[i]) continue;
      stops_[i].predicted = policies_[i]->may_open(query);
      any = any || stops_[i].predicted;
    }
    return any;
  }
  bool needs_prediction() const override { return policies_.front()->needs_prediction(); }
  bool needs_output_changes() const override { return policies_.front()->needs_output_changes(); }
  bool needs_classes() const override { return policies_.front()->needs_classes(); }

  const std::vector<Stop>& stops() const { return stops_; }

 private:
  std::span<const GatePolicy* const> policies_;
  // What was seen of the one trial it is for.
  mutable std::vector<Stop> stops_;
  mutable std::vector<bool> runs_;
};

/// Says yes until it comes to a stop, and needs of the codec what `like` needs. For one trial.
class StopAt final : public GatePolicy {
 public:
  StopAt(Stop stop, const GatePolicy& like) : left_(stop.stages), predicted_(stop.predicted), like_(like) {}
  bool open(const GateQuery&) const override { return left_-- > 0; }
  bool may_open(const GateQuery&) const override { return left_ > 0 || predicted_; }
  bool needs_prediction() const override { return like_.needs_prediction(); }
  bool needs_output_changes() const override { return like_.needs_output_changes(); }
  bool needs_classes() const override { return like_.needs_classes(); }

 private:
  mutable Index left_;
  bool predicted_;
  const GatePolicy& like_;
};

}  // namespace semlink::calibrate
