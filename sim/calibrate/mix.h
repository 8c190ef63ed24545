#pragma once

#include <semlink/link/link.h>

/// What measurements over a mix of points have in common: each trial has a sample of its own and a point drawn at
/// random.
namespace semlink::calibrate {

/// The point of a trial, each of them equally likely.
std::size_t draw_point(const TrialRng& rng, std::size_t num_points);

/// Throws Error(bad_scenario) when the link's source has fewer samples than there are trials.
void require_enough_samples(const Link& link, Index num_trials);

}  // namespace semlink::calibrate
