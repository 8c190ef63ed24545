#include <semlink/sweep/ledger.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <semlink/sweep/intervals.h>

namespace semlink {
namespace {

constexpr std::size_t kNum = LedgerSums::kNumQuantities;
using Weights = std::array<double, kNum>;

constexpr std::array<std::string_view, kNum> kNames = {"payload_energy", "header_energy", "pilot_energy", "gain_energy",
                                                       "noise_energy",   "payload_uses",  "header_uses",  "pilot_uses"};

// Positions of the names above, as weights of a linear form.
constexpr Weights kPayloadEnergy = {1, 0, 0, 0, 0, 0, 0, 0};
constexpr Weights kHeaderEnergy = {0, 1, 0, 0, 0, 0, 0, 0};
constexpr Weights kPilotEnergy = {0, 0, 1, 0, 0, 0, 0, 0};
constexpr Weights kGainEnergy = {0, 0, 0, 1, 0, 0, 0, 0};
constexpr Weights kNoiseEnergy = {0, 0, 0, 0, 1, 0, 0, 0};
constexpr Weights kPayloadUses = {0, 0, 0, 0, 0, 1, 0, 0};
constexpr Weights kHeaderUses = {0, 0, 0, 0, 0, 0, 1, 0};
constexpr Weights kPilotUses = {0, 0, 0, 0, 0, 0, 0, 1};
constexpr Weights kTotalUses = {0, 0, 0, 0, 0, 1, 1, 1};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMaxPayloadError = 1e-5;
constexpr double kMaxErrorDb = 0.05;

// A sum raised to +1 or -1 within a product.
struct Factor {
  Weights weights;
  int power;
};

double dot(const Weights& weights, const Weights& values) {
  double sum = 0;
  for (std::size_t i = 0; i < kNum; ++i) sum += weights[i] * values[i];
  return sum;
}

// Sum over trials of (weights . quantities)^2.
double sum_squares(const Weights& weights, const LedgerSums& sums) {
  double total = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < kNum; ++i)
    for (std::size_t j = i; j < kNum; ++j, ++next)
      total += (i == j ? 1 : 2) * weights[i] * weights[j] * sums.products[next];
  return total;
}

// Product of sums with the standard error of its logarithm. To first order the logarithm moves by
// influence = sum_k power_k (w_k . q) / (w_k . sums) per trial, whose mean over trials is a constant.
void measure(LedgerPart& part, std::span<const Factor> factors, const LedgerSums& sums) {
  Weights influence{};
  double mean = 0;
  part.measured = 1;
  for (const Factor& factor : factors) {
    const double total = dot(factor.weights, sums.sums);
    if (!(total > 0)) {
      part.measured = part.std_error = kNan;
      return;
    }
    part.measured *= factor.power > 0 ? total : 1 / total;
    for (std::size_t i = 0; i < kNum; ++i) influence[i] += factor.power * factor.weights[i] / total;
    mean += factor.power;
  }
  const double n = static_cast<double>(sums.count);
  const double residual = std::max(0.0, sum_squares(influence, sums) - mean * mean / n);
  // Below the rounding of the sums themselves there is no scatter to speak of.
  const double relative = residual < 1e-12 / n ? 0 : std::sqrt(residual * n / (n - 1));
  part.std_error = sums.count < 2 ? kNan : part.measured * relative;
}

void judge(LedgerPart& part, std::int64_t count) {
  if (!part.label || std::isnan(part.measured) || count < 2) return;
  const double error_db = std::abs(10 * std::log10(part.measured / *part.label));
  const double std_error_db = 10 / std::log(10.0) * part.std_error / part.measured;
  part.ok = error_db <= kMaxErrorDb || error_db <= five_sigma(static_cast<double>(count - 1)) * std_error_db;
}

}  // namespace

std::span<const std::string_view, kNum> ledger_quantities() { return kNames; }

void LedgerSums::add(const PowerLedger& power) {
  const Weights values = {power.payload_energy,
                          power.header_energy,
                          power.pilot_energy,
                          power.gain_energy,
                          power.noise_energy,
                          static_cast<double>(power.payload_uses),
                          static_cast<double>(power.header_uses + power.position_uses),
                          static_cast<double>(power.pilot_uses)};
  ++count;
  std::size_t next = 0;
  for (std::size_t i = 0; i < kNum; ++i) {
    sums[i] += values[i];
    for (std::size_t j = i; j < kNum; ++j) products[next++] += values[i] * values[j];
  }
  if (power.exact_payload && power.payload_uses > 0)
    max_payload_error = std::max(max_payload_error, std::abs(power.payload_energy / static_cast<double>(power.payload_uses) - 1));
}

void LedgerSums::merge(const LedgerSums& other) {
  count += other.count;
  for (std::size_t i = 0; i < kNum; ++i) sums[i] += other.sums[i];
  for (std::size_t i = 0; i < kNumProducts; ++i) products[i] += other.products[i];
  max_payload_error = std::max(max_payload_error, other.max_payload_error);
}

LedgerReport measure_ledger(const LedgerSums& sums, std::optional<double> snr_label_db) {
  std::optional<double> snr, noise;
  if (snr_label_db) {
    snr = std::pow(10, *snr_label_db / 10);
    noise = 1 / *snr;
  }
  LedgerReport report;
  report.parts = {{{"payload_power", "power of payload symbols", 0, 0, 1.0},
                   {"header_power", "power of header and position symbols", 0, 0, 1.0},
                   {"pilot_power", "power of pilots", 0, 0, 1.0},
                   {"gain_power", "mean of |h|^2", 0, 0, 1.0},
                   {"noise_var", "noise variance N0 per complex symbol", 0, 0, noise},
                   {"snr_linear", "effective Es/N0, linear", 0, 0, snr}}};
  measure(report.parts[0], std::array<Factor, 2>{{{kPayloadEnergy, 1}, {kPayloadUses, -1}}}, sums);
  measure(report.parts[1], std::array<Factor, 2>{{{kHeaderEnergy, 1}, {kHeaderUses, -1}}}, sums);
  measure(report.parts[2], std::array<Factor, 2>{{{kPilotEnergy, 1}, {kPilotUses, -1}}}, sums);
  measure(report.parts[3], std::array<Factor, 2>{{{kGainEnergy, 1}, {kTotalUses, -1}}}, sums);
  measure(report.parts[4], std::array<Factor, 2>{{{kNoiseEnergy, 1}, {kTotalUses, -1}}}, sums);
  measure(report.parts[5],
          std::array<Factor, 4>{{{kPayloadEnergy, 1}, {kPayloadUses, -1}, {kGainEnergy, 1}, {kNoiseEnergy, -1}}}, sums);
  report.max_payload_error = sums.max_payload_error;
  report.ok = sums.max_payload_error <= kMaxPayloadError;
  for (LedgerPart& part : report.parts) {
    judge(part, sums.count);
    report.ok = report.ok && part.ok;
  }
  return report;
}

}  // namespace semlink
