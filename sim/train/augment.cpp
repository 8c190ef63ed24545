#include <semlink/train/augment.h>

#include <algorithm>

namespace semlink::train {

namespace {

constexpr std::uint64_t kShiftSalt = 0x7368696674;
constexpr std::uint64_t kEraseSalt = 0x6572617365;

/// -1 is pixel 0 again, size is pixel size - 1 again.
Index mirrored(Index at, Index size) { return at < 0 ? -1 - at : at >= size ? 2 * size - 1 - at : at; }

Index draw_shift(Stream& stream, Index max_shift, Index size) {
  const Index most = std::min(max_shift, size - 1);
  return static_cast<Index>(stream.below(static_cast<std::uint64_t>(2 * most + 1))) - most;
}

}  // namespace

Image shifted_at_random(const Image& image, Index max_shift, const TrialRng& address) {
  Stream stream(address.seed, Purpose::augment, address.trial, address.salt ^ kShiftSalt);
  const Index down = draw_shift(stream, max_shift, image.height);
  const Index right = draw_shift(stream, max_shift, image.width);
  Image out{image.height, image.width, std::vector<float>(image.values.size())};
  for (Index y = 0; y < image.height; ++y)
    for (Index x = 0; x < image.width; ++x) {
      const Index from = mirrored(y - down, image.height) * image.width + mirrored(x - right, image.width);
      std::copy_n(image.values.data() + 3 * from, 3, out.values.data() + 3 * (y * image.width + x));
    }
  return out;
}

void erase_square(Image& image, Index side, const TrialRng& address) {
  Stream stream(address.seed, Purpose::augment, address.trial, address.salt ^ kEraseSalt);
  const auto draw_first = [&](Index size) {
    return static_cast<Index>(stream.below(static_cast<std::uint64_t>(size))) - side / 2;
  };
  const Index top = draw_first(image.height), left = draw_first(image.width);
  const Index begin = std::max<Index>(0, left), end = std::min(image.width, left + side);
  for (Index y = std::max<Index>(0, top); y < std::min(image.height, top + side); ++y)
    std::fill_n(image.values.data() + 3 * (y * image.width + begin), 3 * (end - begin), 0.5F);
}

}  // namespace semlink::train
