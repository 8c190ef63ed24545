#include <semlink/codecs/gates/snr_table.h>

#include <semlink/codecs/gates/predicted_gain.h>

namespace semlink {

std::vector<SnrTable::Entry> SnrTable::parse(std::string_view key, std::string_view text) {
  return parse_by_snr<Index>(key, text, "depth", 0);
}

bool SnrTable::open(const GateQuery& query) const {
  return !query.snr_db || query.stage < value_at(entries_, *query.snr_db);
}

void SnrTablePlugin::declare(Keys& keys) {
  keys.text(section_ + ".table", table_)
      .help("Depth by SNR for snr_table: pairs dB:depth, each from its SNR on, such as `-5:6 2:5 9:3`." +
            always_run_note(section_));
}

std::unique_ptr<const GatePolicy> SnrTablePlugin::make() const {
  return std::make_unique<SnrTable>(SnrTable::parse(section_ + ".table", table_));
}

}  // namespace semlink
