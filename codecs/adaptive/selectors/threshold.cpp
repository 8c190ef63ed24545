#include <algorithm>
#include <cmath>

#include <semlink/codecs/adaptive/selection.h>
#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

/// As many tokens as have a predicted squared error when dropped above the threshold, at least one and no more than
/// fit, chosen as `learned` does: so the number follows the image (after Devoto et al. 2024, whose threshold is learned
/// from a budget; here it is a squared error of pixel values in [0, 1]).
std::vector<TokenGroup> choose_threshold(const SelectQuery& query) {
  const double least = std::log(query.keep_threshold);
  const auto above = static_cast<Index>(std::count_if(query.scores.begin(), query.scores.end(),
                                                      [&](float score) { return static_cast<double>(score) > least; }));
  return single_rows(highest_spread(query.scores, query.places, std::clamp<Index>(above, 1, query.count)));
}

}  // namespace semlink::adaptive
