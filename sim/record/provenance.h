#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace semlink {

/// Grows whenever the same settings give other numbers than before: a change of what is drawn, computed or counted.
inline constexpr std::int64_t kResultsVersion = 6;

/// Where numbers come from: all that must be equal for a run to go on from a stored result.
struct Provenance {
  struct Setting {
    std::string key;
    std::string value;  ///< as the key prints it
    bool identity = true;
  };

  std::vector<Setting> settings;   ///< every resolved key; what is no part of the identity is stored in group /run
  std::string scenario;            ///< resolved scenario text without what does not change results (threads, paths, stop rules)
  std::int64_t seed = 0;
  std::string weights_checksum;    ///< of the codec's weights; empty where there are none
  std::string source_checksum;     ///< of the data set; empty for generators
  std::string arithmetic;          ///< SIMD level of the compiled code and of the kernels in use
  std::int64_t results_version = kResultsVersion;
  std::string version;             ///< of semlink
  std::string revision;            ///< of its sources, as git tells it
  std::vector<std::pair<std::string, std::string>> libraries;  ///< name, version
};

/// Version, revision, arithmetic level and libraries of this build; the caller adds the rest.
Provenance build_provenance();

/// Why a result with provenance `stored` cannot be continued by a run with `current`: a sentence for people; empty when it can.
std::string difference(const Provenance& stored, const Provenance& current);

/// The same for the rules that say how many trials there are.
std::string rules_difference(const Provenance& stored, const Provenance& current);

/// Without these settings: values on the axes stand there.
Provenance without_settings(Provenance provenance, const std::vector<std::string>& keys);

}  // namespace semlink
