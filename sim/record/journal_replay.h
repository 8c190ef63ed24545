#pragma once

#include <semlink/record/journal.h>
#include <semlink/sweep/sweep.h>

namespace semlink {

/// Brings `state`, read from the result file or new, to where the journal ends, and the rows of trials into `spool`
/// (may be null). Records that the file has already, because a run was killed between writing it and removing the
/// journal, change nothing. Returns the seconds that went into the blocks. Throws Error(bad_file) for a record that
/// does not fit.
double replay_journal(const Journal& journal, const std::filesystem::path& path, SweepState& state, TrialSpool* spool);

}  // namespace semlink
