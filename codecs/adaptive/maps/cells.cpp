#include <semlink/codecs/adaptive/maps/cells.h>

#include <algorithm>
#include <numeric>

namespace semlink::adaptive {

std::vector<std::vector<Index>> cell_members(const nn::Grid& grid, Index side) {
  std::vector<std::vector<Index>> members;
  for (Index top = 0; top < grid.height; top += side)
    for (Index left = 0; left < grid.width; left += side) {
      members.emplace_back();
      for (Index y = top; y < std::min(top + side, grid.height); ++y)
        for (Index x = left; x < std::min(left + side, grid.width); ++x) members.back().push_back(y * grid.width + x);
    }
  return members;
}

std::vector<std::vector<Index>> window_members(const nn::Grid& grid) { return cell_members(grid, nn::Windows::kSide); }

Index num_cells(const nn::Grid& grid, Index side) {
  return ((grid.height + side - 1) / side) * ((grid.width + side - 1) / side);
}

Index num_windows(const nn::Grid& grid) { return num_cells(grid, nn::Windows::kSide); }

std::vector<Index> window_sizes(const nn::Grid& grid) {
  constexpr Index kSide = nn::Windows::kSide;
  std::vector<Index> sizes;
  for (Index top = 0; top < grid.height; top += kSide)
    for (Index left = 0; left < grid.width; left += kSide)
      sizes.push_back(std::min(kSide, grid.height - top) * std::min(kSide, grid.width - left));
  return sizes;
}

std::vector<Index> window_counts(const nn::Grid& grid, Index count) {
  const std::vector<Index> sizes = window_sizes(grid);
  const auto num = static_cast<Index>(sizes.size());
  const Index beyond_one = grid.num_tokens() - num;
  std::vector<Index> counts;
  for (const Index size : sizes) counts.push_back(1 + (beyond_one == 0 ? 0 : (count - num) * (size - 1) / beyond_one));
  Index left = count - std::accumulate(counts.begin(), counts.end(), Index(0));
  for (std::size_t w = 0; left > 0; w = (w + 1) % sizes.size())
    if (counts[w] < sizes[w]) {
      ++counts[w];
      --left;
    }
  return counts;
}

}  // namespace semlink::adaptive
