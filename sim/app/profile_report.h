#pragma once

#include <iosfwd>

#include <semlink/core/profile.h>

namespace semlink {

/// Prints a table of the stages: time per trial, share of the whole, MACs per trial, and the rate of the multiply-adds
/// as a share of `peak_flops` [FLOP/s of one core]. What a stage spends outside its inner stages shows as "rest".
void print_profile(std::ostream& out, const Profile& profile, double peak_flops);

}  // namespace semlink
