#pragma once

namespace semlink {

/// Tells the C library to keep memory that is freed, up to 256 MiB on top of each heap, and to take blocks of up to 32
/// MiB from the heaps, for the whole process. Without this, glibc hands the arrays of a trial of some thousand symbols
/// back to the system after every trial, and new pages cost more than the arithmetic. `run_program` does it; a program
/// of your own may. Without glibc it does nothing.
void keep_freed_memory();

}  // namespace semlink
