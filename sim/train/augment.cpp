#include <semlink/train/augment.h>

#include <algorithm>

namespace semlink::train {

namespace {

constexpr std::uint64_t kShiftSalt = 0x7368696674;

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

}  // namespace semlink::train
