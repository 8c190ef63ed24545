#include <semlink/calibrate/temperature.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace semlink::calibrate {
namespace {

/// Smallest probability whose logarithm is taken.
constexpr double kSmallest = 1e-300;

std::vector<double> probabilities_at(const ClassTable& table, Index row, const ClassTemperature& temperature) {
  const std::span<const double> said(table.probability.row(row).data(),
                                     static_cast<std::size_t>(table.probability.cols()));
  return at_temperature(said, temperature.at(table.snr_db[static_cast<std::size_t>(row)]));
}

}  // namespace

double negative_log_likelihood(const ClassTable& table, const ClassTemperature& temperature) {
  double sum = 0;
  for (Index row = 0; row < table.num_rows(); ++row) {
    const auto label = static_cast<std::size_t>(table.label[static_cast<std::size_t>(row)]);
    sum -= std::log(std::max(kSmallest, probabilities_at(table, row, temperature)[label]));
  }
  return sum / static_cast<double>(table.num_rows());
}

double expected_calibration_error(const ClassTable& table, const ClassTemperature& temperature) {
  constexpr std::size_t kBins = 15;
  std::array<double, kBins> excess{};  // sum over rows of probability - 1[right]
  for (Index row = 0; row < table.num_rows(); ++row) {
    const std::vector<double> p = probabilities_at(table, row, temperature);
    const auto likeliest = std::max_element(p.begin(), p.end());
    const auto bin = std::min(kBins - 1, static_cast<std::size_t>(*likeliest * kBins));
    excess[bin] += *likeliest - (likeliest - p.begin() == table.label[static_cast<std::size_t>(row)] ? 1 : 0);
  }
  const double sum =
      std::accumulate(excess.begin(), excess.end(), 0.0, [](double a, double b) { return a + std::abs(b); });
  return sum / static_cast<double>(table.num_rows());
}

double fit_temperature(const ClassTable& table) {
  constexpr double kLeast = 0.05, kMost = 20;
  constexpr int kHalvings = 60;
  const auto num_rows = static_cast<double>(table.num_rows());
  const auto num_classes = static_cast<double>(table.probability.cols());
  const double smoothing = num_classes > 1 ? 1 / (num_rows + 2) : 0;
  const RowMatrix<double> scores = table.probability.array().max(kSmallest).log();
  // The likelihood is concave in the inverse temperature; its slope is the mean of <target - probability, score>.
  const auto slope = [&](double inverse) {
    double sum = 0;
    for (Index row = 0; row < table.num_rows(); ++row) {
      const auto s = scores.row(row);
      Eigen::RowVectorXd p = (inverse * (s.array() - s.maxCoeff())).exp();
      p /= p.sum();
      const double right = s[table.label[static_cast<std::size_t>(row)]];
      const double others = num_classes > 1 ? (s.sum() - right) / (num_classes - 1) : right;
      sum += (1 - smoothing) * right + smoothing * others - p.dot(s);
    }
    return sum;
  };
  double low = 1 / kMost, high = 1 / kLeast;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = std::sqrt(low * high);
    (slope(middle) > 0 ? low : high) = middle;
  }
  return 1 / std::sqrt(low * high);
}

std::vector<SnrBin> snr_bins(const ClassTable& table) {
  constexpr std::size_t kFewest = 200;
  std::vector<std::pair<double, Index>> by_snr;
  for (Index row = 0; row < table.num_rows(); ++row)
    if (const auto& snr_db = table.snr_db[static_cast<std::size_t>(row)]) by_snr.emplace_back(*snr_db, row);
  if (by_snr.empty()) {
    SnrBin all{0, std::vector<Index>(static_cast<std::size_t>(table.num_rows()))};
    std::iota(all.rows.begin(), all.rows.end(), Index{0});
    return {all};
  }
  std::sort(by_snr.begin(), by_snr.end());
  std::vector<SnrBin> bins;
  double last_db = 0;
  for (const auto& [snr_db, row] : by_snr) {
    const bool is_next = !bins.empty() && std::round(snr_db) != std::round(last_db);
    if (bins.empty())
      bins.push_back({snr_db, {}});
    else if (is_next && bins.back().rows.size() >= kFewest)
      bins.push_back({(last_db + snr_db) / 2, {}});
    bins.back().rows.push_back(row);
    last_db = snr_db;
  }
  if (bins.size() > 1 && bins.back().rows.size() < kFewest) {
    const std::vector<Index> few = std::move(bins.back().rows);
    bins.pop_back();
    bins.back().rows.insert(bins.back().rows.end(), few.begin(), few.end());
  }
  return bins;
}

ClassTemperature fit_temperatures(const ClassTable& table) {
  std::vector<ClassTemperature::Entry> entries;
  for (const SnrBin& bin : snr_bins(table)) entries.push_back({bin.from_db, fit_temperature(table.rows(bin.rows))});
  return ClassTemperature(std::move(entries));
}

}  // namespace semlink::calibrate
