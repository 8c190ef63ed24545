#pragma once

#include <map>
#include <memory>
#include <string>

#include <semlink/app/scenario.h>
#include <semlink/link/link.h>

namespace semlink {

/// Builds the links of a sweep. Sources and codecs hold much memory (data sets, weights): points whose settings agree share one,
/// which the builder keeps; it must outlive the links.
class LinkBuilder {
 public:
  /// Throws Error(bad_scenario | bad_file) when the settings do not go together or a file is not what it should be.
  Link build(const Scenario& scenario);

  /// Of all that was made so far, in the order of their settings; empty where there is nothing to sum.
  std::string source_checksum() const;
  std::string weights_checksum() const;

 private:
  std::map<std::string, std::unique_ptr<const Source>> sources_;  // by the text of their settings
  std::map<std::string, std::unique_ptr<const Codec>> codecs_;
};

}  // namespace semlink
