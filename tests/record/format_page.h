#pragma once

#include <string>

namespace semlink {

/// Text of analysis/FORMAT.md: what a result file holds, read off a file that the recorder has just written.
std::string format_page();

}  // namespace semlink
