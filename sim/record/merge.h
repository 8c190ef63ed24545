#pragma once

#include <filesystem>
#include <vector>

#include <semlink/record/h5_file.h>

namespace semlink {

/// Writes the result of which `shards` are the parts, equal to that of a single run to the bit outside group /run. Throws
/// Error(bad_file) when one of them is no shard or not finished, when two of them differ in what must be equal (settings, axes,
/// weights, data, arithmetic level, program, stop rules, number of shards), and when one is missing or stands twice. Returns at how
/// many points the power ledger is off.
std::size_t merge_results(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& output,
                   NewH5File::IfExists if_exists);

}  // namespace semlink
