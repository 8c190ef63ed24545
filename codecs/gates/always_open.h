#pragma once

#include <semlink/codecs/gate_policy.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Runs every stage: the full model, against which what the other policies save is measured.
class AlwaysOpen final : public GatePolicy {
 public:
  bool open(const GateQuery&) const override { return true; }
};

/// `gate.policy = always_open`; has no keys of its own.
class AlwaysOpenPlugin final : public Plugin<GatePolicy> {
 public:
  void declare(Keys&) override {}
  std::unique_ptr<const GatePolicy> make() const override { return std::make_unique<AlwaysOpen>(); }
};

}  // namespace semlink
