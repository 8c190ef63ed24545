#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/gates/by_snr.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Depth by SNR alone: the trivial policy that learned gates must beat (row D7 of the survey's taxonomy).
class SnrTable final : public GatePolicy {
 public:
  using Entry = FromSnr<Index>;  ///< a depth
  /// `entries` ascending in `from_db`, at least one; below the first one its depth holds. Unknown SNR runs every stage.
  explicit SnrTable(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  /// Reads `-5:6 0:5 7.5:3`, SNR in dB and depth. Throws Error(bad_scenario) naming `key`.
  static std::vector<Entry> parse(std::string_view key, std::string_view text);

  bool open(const GateQuery& query) const override;

 private:
  std::vector<Entry> entries_;
};

/// `gate.policy = snr_table` with key `gate.table`.
class SnrTablePlugin final : public Plugin<GatePolicy> {
 public:
  explicit SnrTablePlugin(std::string section) : section_(std::move(section)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const GatePolicy> make() const override;

 private:
  std::string section_;
  std::string table_;
};

}  // namespace semlink
