#pragma once

#include <string>
#include <vector>

namespace semlink::kernels {

/// Instruction sets that this processor has and this build has code for, best first, in lower case ("avx3_zen4",
/// "avx2"). A build tuned for one machine has few, a portable one several.
std::vector<std::string> simd_levels();

/// Makes the kernels of the whole process use this instruction set from now on; "auto" is the best. Not while they run.
/// Throws Error(bad_scenario) that lists what there is when the level is not among `simd_levels`.
void use_simd_level(const std::string& level);

}  // namespace semlink::kernels
