#pragma once

#include <semlink/app/plugins.h>

namespace semlink {

/// The program `semlink` with these plug-ins: runs the command of the arguments and returns its exit status, 0 when the whole job
/// is done, 2 for a bad command line, scenario or input file, 1 for a failed or interrupted run. Errors are one line on stderr.
int run_program(const Plugins& plugins, int argc, const char* const* argv);

}  // namespace semlink
