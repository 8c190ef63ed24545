#include <semlink/calibrate/mix.h>

#include <semlink/core/error.h>

namespace semlink::calibrate {

namespace {

/// Salt of the stream that draws a trial's point: no other stream has it.
constexpr std::uint64_t kMixSalt = 0x63616c6962726174;

}  // namespace

std::size_t draw_point(const TrialRng& rng, std::size_t num_points) {
  return Stream(rng.seed, Purpose::user, rng.trial, kMixSalt ^ rng.salt).below(num_points);
}

void require_enough_samples(const Link& link, Index num_trials) {
  const Index size = link.source->size();
  if (size > 0 && size < num_trials)
    throw Error(ErrorCode::bad_scenario, "run.max_trials = " + std::to_string(num_trials) + ": expected at most " +
                                             std::to_string(size) + ", the samples there are, each for one trial");
}

}  // namespace semlink::calibrate
