#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <semlink/core/types.h>
#include <semlink/link/link.h>

namespace semlink {

/// Which tokens of an image were sent.
struct TokenMap {
  Index height = 0;  ///< tokens
  Index width = 0;
  std::vector<bool> kept;  ///< in raster order
};

/// The map that the transmitter's header tells, under `codec.selection`. Empty where the side information is not that of the
/// adaptive codec.
std::optional<TokenMap> sent_tokens(const Payload& payload, const std::string& selection, const TrialRng& rng);

/// Prints what the numbers of a trial do not tell: the channel's gains, which piece of the header failed, where both sides left
/// their networks, and the map of the tokens where there is one.
void print_story(std::ostream& out, const TrialTrace& trace, const std::optional<TokenMap>& tokens);

/// The image with the tokens that were not sent faded to grey. The sides of the image must be multiples of those of the map.
Image faded(const Image& image, const TokenMap& tokens);

}  // namespace semlink
