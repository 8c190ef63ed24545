#pragma once

#include <algorithm>
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
  bool needs_prediction() const override { return policy_->needs_prediction(); }
  bool needs_output_changes() const override { return policy_->needs_output_changes(); }
  bool needs_classes() const override { return policy_->needs_classes(); }

 private:
  const GatePolicy* policy_ = nullptr;
};

/// Goes as deep as the most patient of several policies, and notes how many stages each of them would have run. For one
/// trial: a codec asks in order and ends at the first "no", and all policies must need the same of it.
class ExitRecorder final : public GatePolicy {
 public:
  explicit ExitRecorder(std::span<const GatePolicy* const> policies)
      : policies_(policies), stages_(policies.size(), 0), runs_(policies.size(), true) {}

  bool open(const GateQuery& query) const override {
    bool any = false;
    for (std::size_t i = 0; i < policies_.size(); ++i) {
      runs_[i] = runs_[i] && policies_[i]->open(query);
      stages_[i] += runs_[i];
      any = any || runs_[i];
    }
    return any;
  }
  bool needs_prediction() const override { return policies_.front()->needs_prediction(); }
  bool needs_output_changes() const override { return policies_.front()->needs_output_changes(); }
  bool needs_classes() const override { return policies_.front()->needs_classes(); }

  /// Stages that policy i would have run, counted from the first question.
  const std::vector<Index>& stages() const { return stages_; }

 private:
  std::span<const GatePolicy* const> policies_;
  // What was seen of the one trial it is for.
  mutable std::vector<Index> stages_;
  mutable std::vector<bool> runs_;
};

/// Says yes so many times, then no, and needs of the codec what `like` needs. For one trial.
class StopAfter final : public GatePolicy {
 public:
  StopAfter(Index stages, const GatePolicy& like) : left_(stages), like_(like) {}
  bool open(const GateQuery&) const override { return left_-- > 0; }
  bool needs_prediction() const override { return like_.needs_prediction(); }
  bool needs_output_changes() const override { return like_.needs_output_changes(); }
  bool needs_classes() const override { return like_.needs_classes(); }

 private:
  mutable Index left_;
  const GatePolicy& like_;
};

}  // namespace semlink::calibrate
