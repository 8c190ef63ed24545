#include <semlink/data/pixels.h>

namespace semlink {

std::vector<std::uint8_t> to_bytes(const Image& image) {
  std::vector<std::uint8_t> bytes(image.values.size());
  std::transform(image.values.begin(), image.values.end(), bytes.begin(), to_byte);
  return bytes;
}

}  // namespace semlink
