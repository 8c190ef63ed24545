#include <semlink/codecs/gates/snr_table.h>

#include <charconv>
#include <cmath>
#include <sstream>

namespace semlink {

std::vector<SnrTable::Entry> SnrTable::parse(std::string_view key, std::string_view text) {
  const auto refuse = [&](const std::string& expected) -> Error {
    return {ErrorCode::bad_scenario, std::string(key) + " = " + std::string(text) + ": expected " + expected};
  };
  std::vector<Entry> entries;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    const std::size_t colon = word.find(':');
    if (colon == std::string::npos) throw refuse("pairs SNR:depth separated by blanks");
    Entry entry{};
    const char* const end = word.data() + word.size();
    const auto snr = std::from_chars(word.data(), word.data() + colon, entry.from_db);
    const auto depth = std::from_chars(word.data() + colon + 1, end, entry.depth);
    if (snr.ec != std::errc() || snr.ptr != word.data() + colon || !std::isfinite(entry.from_db) ||
        depth.ec != std::errc() || depth.ptr != end || entry.depth < 0)
      throw refuse("a number of dB and a depth of at least 0 in " + word);
    if (!entries.empty() && entries.back().from_db >= entry.from_db) throw refuse("rising SNRs");
    entries.push_back(entry);
  }
  if (entries.empty()) throw refuse("at least one pair SNR:depth");
  return entries;
}

bool SnrTable::open(const GateQuery& query) const {
  if (!query.snr_db) return true;
  Index depth = entries_.front().depth;
  for (const Entry& entry : entries_)
    if (*query.snr_db >= entry.from_db) depth = entry.depth;
  return query.stage < depth;
}

void SnrTablePlugin::declare(Keys& keys) {
  keys.text(section_ + ".table", table_)
      .help("Depth by SNR for snr_table: pairs dB:depth, each from its SNR on, such as `-5:6 2:5 9:3`.");
}

std::unique_ptr<const GatePolicy> SnrTablePlugin::make() const {
  return std::make_unique<SnrTable>(SnrTable::parse(section_ + ".table", table_));
}

}  // namespace semlink
