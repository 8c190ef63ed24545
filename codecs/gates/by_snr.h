#pragma once

#include <charconv>
#include <cmath>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/core/error.h>

namespace semlink {

/// A value that holds from an SNR up to the next entry's.
template <typename Value>
struct FromSnr {
  double from_db = 0;
  Value value = {};
};

/// Reads `-5:6 0:5 7.5:3`, SNR in dB and value, SNRs rising, values of at least `least`; `name` is what the value is
/// called. Throws Error(bad_scenario) naming `key`, also for a text without a pair.
template <typename Value>
std::vector<FromSnr<Value>> parse_by_snr(std::string_view key, std::string_view text, const std::string& name,
                                         Value least) {
  const auto refuse = [&](const std::string& expected) -> Error {
    return {ErrorCode::bad_scenario, std::string(key) + " = " + std::string(text) + ": expected " + expected};
  };
  std::vector<FromSnr<Value>> entries;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    if (colon == std::string::npos) throw refuse("pairs SNR:" + name + " separated by blanks");
    FromSnr<Value> entry;
    const char* const end = word.data() + word.size();
    const auto snr = std::from_chars(word.data(), word.data() + colon, entry.from_db);
    const auto value = std::from_chars(word.data() + colon + 1, end, entry.value);
    if (snr.ec != std::errc() || snr.ptr != word.data() + colon || !std::isfinite(entry.from_db) ||
        value.ec != std::errc() || value.ptr != end || !std::isfinite(static_cast<double>(entry.value)) ||
        entry.value < least) {
      std::ostringstream smallest;
      smallest << least;
      throw refuse("a number of dB and a " + name + " of at least " + smallest.str() + " in " + word);
    }
    if (!entries.empty() && entries.back().from_db >= entry.from_db) throw refuse("rising SNRs");
    entries.push_back(entry);
  }
  if (entries.empty()) throw refuse("at least one pair SNR:" + name);
  return entries;
}

/// The value that holds at an SNR; below the first entry its value does. `entries` ascending, at least one.
template <typename Value>
Value value_at(const std::vector<FromSnr<Value>>& entries, double snr_db) {
  Value value = entries.front().value;
  for (const FromSnr<Value>& entry : entries)
    if (snr_db >= entry.from_db) value = entry.value;
  return value;
}

}  // namespace semlink
