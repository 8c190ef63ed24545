#pragma once

namespace semlink {

/// Revision of the sources at build time, from git: `1a2b3c4d5e6f`, with `-dirty` for uncommitted changes; `unknown` without git.
const char* source_revision();
/// Version of the project.
const char* program_version();

}  // namespace semlink
