#pragma once

#include <string>
#include <vector>

#include <semlink/app/scenario.h>

namespace semlink {

/// Names of the sections in the order of their first keys.
std::vector<std::string> key_sections(const Scenario& scenario);

/// The keys of a section for a terminal: name, default, unit, what is expected, meaning, and under which choices it acts.
std::string describe_keys(const Scenario& scenario, const std::string& section);

/// The reference page `scenarios/KEYS.md`: one table per section.
std::string key_reference_page(const Scenario& scenario);

}  // namespace semlink
