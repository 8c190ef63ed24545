#pragma once

#include <semlink/codecs/adaptive/network.h>
#include <semlink/train/plan.h>

namespace semlink::train {

/// Sets the network's linear bypass to the principal components of the training images' patches, the best linear code
/// for squared error: symbol i carries components 2i and 2i + 1, scaled by variance^(-1/4), which is how a linear code
/// spreads a fixed power best over noisy channels of equal quality (Lee and Petersen 1976). The blocks then start from
/// a code that works. Uses 2,000 images.
void set_linear_code(const adaptive::Network& network, const TrainSources& sources, std::uint64_t seed,
                     nn::FlatVector<float>& parameters);

}  // namespace semlink::train
