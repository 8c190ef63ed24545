#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/codecs/gate_policy.h>
#include <semlink/codecs/gates/by_snr.h>
#include <semlink/core/keys.h>

namespace semlink {

/// How much less sure class heads are than they say, by SNR: scores are divided by a temperature before they become
/// probabilities (Guo et al. 2017, section 4.2). The likeliest class stays the likeliest. Above 1 it gets less likely.
/// `semlink calibrate` with `calibrate.key = gate.temperature` fits one.
class ClassTemperature {
 public:
  using Entry = FromSnr<double>;

  /// 1 at every SNR.
  ClassTemperature() = default;
  /// `entries` ascending, of temperatures above 0; below the first one its temperature holds. None: 1 at every SNR.
  explicit ClassTemperature(std::vector<Entry> entries) : entries_(std::move(entries)) {}
  /// Reads `-5:1.8 2:1.3`, SNR in dB and temperature of at least 0.01; an empty text is 1 at every SNR. Throws
  /// Error(bad_scenario) naming `key`.
  static ClassTemperature parse(std::string_view key, std::string_view text);
  /// Declares the key `section.temperature`, which `parse` reads.
  static void declare(Keys& keys, const std::string& section, std::string& text);

  /// At an unknown SNR the highest one, which trusts the heads least.
  double at(std::optional<double> snr_db) const;
  const std::vector<Entry>& entries() const { return entries_; }
  /// The query's class probabilities at the temperature of its SNR; they sum to 1. Empty where the query has none.
  std::vector<double> probabilities(const GateQuery& query) const;

 private:
  std::vector<Entry> entries_;
};

/// Probabilities whose scores, up to a constant, are the logarithms of `probabilities` over `temperature`.
std::vector<double> at_temperature(std::span<const double> probabilities, double temperature);

}  // namespace semlink
