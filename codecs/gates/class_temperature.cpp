#include <semlink/codecs/gates/class_temperature.h>

#include <algorithm>
#include <cmath>

namespace semlink {

ClassTemperature ClassTemperature::parse(std::string_view key, std::string_view text) {
  constexpr double kLeast = 0.01;
  if (text.empty()) return {};
  return ClassTemperature(parse_by_snr<double>(key, text, "temperature", kLeast));
}

void ClassTemperature::declare(Keys& keys, const std::string& section, std::string& text) {
  keys.text(section + ".temperature", text)
      .help(
          "Temperature by which class scores are divided before they become probabilities, by SNR: pairs "
          "dB:temperature, each from its SNR on, such as `-5:1.8 2:1.3`; empty: 1. `semlink calibrate` fits them.");
}

double ClassTemperature::at(std::optional<double> snr_db) const {
  if (entries_.empty()) return 1;
  if (snr_db) return value_at(entries_, *snr_db);
  const auto by_temperature = [](const Entry& a, const Entry& b) { return a.value < b.value; };
  return std::max_element(entries_.begin(), entries_.end(), by_temperature)->value;
}

std::vector<double> ClassTemperature::probabilities(const GateQuery& query) const {
  // Without a table not a bit of them changes.
  if (entries_.empty()) return {query.class_probabilities.begin(), query.class_probabilities.end()};
  return at_temperature(query.class_probabilities, at(query.snr_db));
}

std::vector<double> at_temperature(std::span<const double> probabilities, double temperature) {
  if (probabilities.empty()) return {};
  const double largest = *std::max_element(probabilities.begin(), probabilities.end());
  std::vector<double> scaled;
  double sum = 0;
  for (const double probability : probabilities) {
    scaled.push_back(std::pow(probability / largest, 1 / temperature));
    sum += scaled.back();
  }
  for (double& one : scaled) one /= sum;
  return scaled;
}

}  // namespace semlink
