#pragma once

#include <semlink/app/trial_story.h>

namespace semlink {

/// A replayed trial in one picture, its panels side by side, each enlarged by a whole number to at least 256 pixels of
/// height:
///   1. the image
///   2. what is sent of it (where there are tokens): tokens that share a row show their mean within one outline, those
///      that are summed up show the mean of all that are, tinted; what is not sent fades to grey. Pooled tokens count
///      to the row that they weigh most in
///   3. where the receiver's blocks ran on some tokens more often than on others, the image the darker the fewer; and
///   for
///      each block with experts, the transmitter's first, the image tinted by the expert that served each token
///   4. stages in turn, the transmitter's blue and the receiver's orange: a bar as high as the decibels that the stage
///   was
///      predicted to gain (3 dB fill the panel; what lowers the quality hangs below the line), filled where it ran, an
///      outline where the side stopped instead; without predictions stumps of one height
///   5. the image at the receiver, if there is one
///   6. where the receiver tells a class by scores, a bar for each class as high as its probability: the sample's own
///   green, the others red; a line stands at one half
/// Throws Error(bad_scenario) without an image at the transmitter, or with neither image nor class at the receiver.
Image trial_picture(const TrialTrace& trace, const std::optional<TokenMap>& tokens);

/// The image with groups of tokens as their means and what was not sent faded to grey. The sides of the image must be
/// multiples of those of the map.
Image sent_image(const Image& image, const TokenMap& tokens);

/// Decibels that a stage was predicted to gain; 0 where nothing predicted it.
double predicted_gain_db(const StageDecision& decision);

}  // namespace semlink
