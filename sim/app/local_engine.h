#pragma once

#include <atomic>
#include <iosfwd>

#include <semlink/app/submission.h>

namespace semlink {

/// Runs the shards that are missing as processes on this machine, at most `num_at_once` at a time, and tells on `out` how each
/// ended, with the last line of its log where it failed; the others go on. When `stop` becomes true the processes are asked to
/// stop, and no more are started. Returns how many are still missing. Throws Error(io) when no process can be started.
std::size_t run_locally(const Submission& submission, std::size_t num_at_once, std::ostream& out, const std::atomic<bool>& stop);

}  // namespace semlink
