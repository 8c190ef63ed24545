#include <semlink/codecs/adaptive/selection.h>

#include <algorithm>
#include <numeric>

namespace semlink::adaptive {

std::vector<Index> highest(std::span<const float> values, Index count) {
  std::vector<Index> order(values.size());
  std::iota(order.begin(), order.end(), Index(0));
  const auto above = [&](Index a, Index b) {
    const float va = values[static_cast<std::size_t>(a)], vb = values[static_cast<std::size_t>(b)];
    return va > vb || (va == vb && a < b);
  };
  std::nth_element(order.begin(), order.begin() + count, order.end(), above);
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace semlink::adaptive
