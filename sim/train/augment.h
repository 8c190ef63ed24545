#pragma once

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink::train {

/// The image moved by a whole number of pixels, drawn evenly from [-max_shift, max_shift] for each direction from the
/// address; what comes in from outside is the image mirrored at its border. Shifts are at most the side less one.
Image shifted_at_random(const Image& image, Index max_shift, const TrialRng& address);

}  // namespace semlink::train
