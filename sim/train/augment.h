#pragma once

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink::train {

/// The image moved by a whole number of pixels, drawn evenly from [-max_shift, max_shift] for each direction from the
/// address; what comes in from outside is the image mirrored at its border. Shifts are at most the side less one.
Image shifted_at_random(const Image& image, Index max_shift, const TrialRng& address);

/// Makes a square of `side` pixels a side mid-grey, 0.5; its centre is drawn evenly from the pixels by the address, and
/// what lies outside the image is lost (Cutout, DeVries and Taylor 2017).
void erase_square(Image& image, Index side, const TrialRng& address);

}  // namespace semlink::train
