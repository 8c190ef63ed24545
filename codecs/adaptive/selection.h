#pragma once

#include <span>
#include <vector>

#include <semlink/codecs/adaptive/tokens.h>
#include <semlink/core/types.h>

namespace semlink::adaptive {

/// Indices of the `count` largest values, ascending; among equal values the earlier one wins. 0 <= count <=
/// values.size().
std::vector<Index> highest(std::span<const float> values, Index count);

/// The same choice among the tokens of one sample, spread over the image: at most half of the `count` go to the highest
/// token of every cell of s x s tokens, s the smallest side that allows it; the others to the highest wherever they are.
/// What has no neighbour left is beyond repair at the receiver, however little each token alone seemed to be worth.
/// `places[i]` is where the token of values[i] stands; 0 < count <= values.size() = places.size().
std::vector<Index> highest_spread(std::span<const float> values, std::span<const TokenPlace> places, Index count);

}  // namespace semlink::adaptive
