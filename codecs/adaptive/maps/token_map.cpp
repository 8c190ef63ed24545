#include <semlink/codecs/adaptive/maps/token_map.h>

#include <algorithm>

namespace semlink::adaptive {

double TokenMap::share(Index num_tokens) const {
  const auto own = static_cast<Index>(tokens.size());
  const Index covered = source.empty() ? own : std::count_if(source.begin(), source.end(), [&](Index row) {
    return row >= 0 && row < own;
  });
  return static_cast<double>(covered) / static_cast<double>(num_tokens);
}

}  // namespace semlink::adaptive
