#pragma once

#include <optional>
#include <vector>

#include <semlink/calibrate/risk_table.h>
#include <semlink/calibrate/settings.h>

namespace semlink::calibrate {

/// What the trials say of a candidate.
struct CandidateRisk {
  double risk = 0;         ///< mean loss
  double std_error = 0;    ///< of the risk
  double p_value = 1;      ///< of "the risk is above alpha"
  double decline = 0;      ///< mean by which always_open is better: dB, or share of classes
  double overthought = 0;  ///< share of trials in which always_open is worse: it went on past its best output
  double macs = 0;         ///< mean of the receiver
  double macs_share = 0;   ///< the same over the mean of always_open
};

/// Candidates that keep the tolerated risk, and the cheapest of them.
struct Selection {
  std::vector<CandidateRisk> candidates;
  std::size_t num_valid = 0;          ///< the first so many keep it
  std::optional<std::size_t> chosen;  ///< the one with the fewest MACs; empty when none keeps it
};

/// Statistics of every candidate; needs at least two trials.
std::vector<CandidateRisk> candidate_risks(const RiskTable& table, const CalibrateSettings& settings);

/// Applies the method of the settings to the table of calibration trials.
Selection select(const RiskTable& table, const CalibrateSettings& settings);

}  // namespace semlink::calibrate
