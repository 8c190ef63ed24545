#include <semlink/codecs/adaptive/tokens.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <tuple>

#include <semlink/core/error.h>

namespace semlink::adaptive {

nn::Grid grid_of(Index height, Index width, Index patch) {
  constexpr Index kMaxTokens = 65535;
  if (height % patch != 0 || width % patch != 0 || height * width / (patch * patch) > kMaxTokens)
    throw Error(ErrorCode::bad_argument, "image of " + std::to_string(height) + "x" + std::to_string(width) +
                                             " pixels: expected sides that are multiples of " + std::to_string(patch) +
                                             " and at most " + std::to_string(kMaxTokens) + " tokens");
  return {height / patch, width / patch};
}

std::vector<TokenPlace> raster_places(const std::vector<nn::Grid>& grids) {
  std::vector<TokenPlace> places;
  for (std::size_t s = 0; s < grids.size(); ++s)
    for (std::int32_t y = 0; y < grids[s].height; ++y)
      for (std::int32_t x = 0; x < grids[s].width; ++x) places.push_back({static_cast<std::int32_t>(s), y, x});
  return places;
}

WindowOrder sort_into_windows(const std::vector<TokenPlace>& places, Index num_samples, Index shift,
                              const std::vector<float>& sizes) {
  constexpr Index kSide = nn::Windows::kSide;
  const auto cell = [shift](const TokenPlace& place) {
    return std::tuple((place.y + shift) / kSide, (place.x + shift) / kSide);
  };
  const auto within = [shift](const TokenPlace& place) {
    return static_cast<std::uint8_t>((place.y + shift) % kSide * kSide + (place.x + shift) % kSide);
  };
  const auto key = [&](const TokenPlace& place) { return std::tuple(place.sample, cell(place), within(place)); };

  WindowOrder result;
  result.order.resize(places.size());
  std::iota(result.order.begin(), result.order.end(), Index(0));
  const auto at = [&](Index i) -> const TokenPlace& { return places[static_cast<std::size_t>(i)]; };
  std::sort(result.order.begin(), result.order.end(), [&](Index a, Index b) { return key(at(a)) < key(at(b)); });
  result.identity = std::is_sorted(result.order.begin(), result.order.end());

  auto windows = std::make_shared<nn::Windows>();
  std::vector<Index> per_sample(static_cast<std::size_t>(num_samples), 0);
  const TokenPlace* previous = nullptr;
  Index in_window = 0;
  for (const Index i : result.order) {
    const TokenPlace& place = at(i);
    if (previous != nullptr && (previous->sample != place.sample || cell(*previous) != cell(place))) {
      windows->rows.append(in_window);
      in_window = 0;
    }
    ++in_window;
    ++per_sample[static_cast<std::size_t>(place.sample)];
    windows->place.push_back(within(place));
    result.layout.places.push_back(place);
    if (!sizes.empty()) {
      result.layout.sizes.push_back(sizes[static_cast<std::size_t>(i)]);
      windows->log_size.push_back(std::log(result.layout.sizes.back()));
    }
    previous = &place;
  }
  if (in_window > 0) windows->rows.append(in_window);
  for (const Index count : per_sample) result.layout.samples.append(count);
  result.layout.windows = std::move(windows);
  return result;
}

Index window_shift(const nn::Grid& grid, Index block) {
  constexpr Index kSide = nn::Windows::kSide;
  const bool one_window = grid.height <= kSide && grid.width <= kSide;
  return one_window || block % 2 == 0 ? 0 : kSide / 2;
}

RowMatrix<float> image_patches(const Image& image, Index patch, Index margin) {
  const Index side = patch + 2 * margin, grid_height = image.height / patch, grid_width = image.width / patch;
  RowMatrix<float> patches = RowMatrix<float>::Zero(grid_height * grid_width, 3 * side * side);
  for (Index ty = 0; ty < grid_height; ++ty)
    for (Index tx = 0; tx < grid_width; ++tx) {
      float* to = patches.row(ty * grid_width + tx).data();
      const Index left = tx * patch - margin;
      const Index first = std::max<Index>(0, -left), last = std::min(side, image.width - left);
      for (Index y = 0; y < side; ++y) {
        const Index row = ty * patch - margin + y;
        if (row < 0 || row >= image.height) continue;
        const float* from = image.values.data() + (row * image.width + left) * 3;
        for (Index i = 3 * first; i < 3 * last; ++i) to[y * side * 3 + i] = from[i] - 0.5F;
      }
    }
  return patches;
}

}  // namespace semlink::adaptive
