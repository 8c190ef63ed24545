#pragma once

#include <string>

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Runs the first `depth` stages, whatever comes in.
class FixedDepth final : public GatePolicy {
 public:
  explicit FixedDepth(Index depth) : depth_(depth) {}
  bool open(const GateQuery& query) const override { return query.stage < depth_; }

 private:
  Index depth_;
};

/// `gate.policy = fixed_depth` with key `gate.depth`.
class FixedDepthPlugin final : public Plugin<GatePolicy> {
 public:
  explicit FixedDepthPlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const GatePolicy> make() const override { return std::make_unique<FixedDepth>(depth_); }

 private:
  std::string section_;
  std::int64_t depth_ = 4;
};

}  // namespace semlink
