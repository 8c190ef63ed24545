#include <semlink/codecs/adaptive/selection.h>
#include <semlink/codecs/adaptive/selectors/selector.h>

namespace semlink::adaptive {

/// The tokens that would leave the largest error, as the scorer predicts it, spread over the image.
std::vector<TokenGroup> choose_learned(const SelectQuery& query) {
  return single_rows(highest_spread(query.scores, query.places, query.count));
}

}  // namespace semlink::adaptive
