#include <semlink/data/stored_images.h>

#include <zlib.h>

#include <array>
#include <utility>

#include <semlink/core/error.h>
#include <semlink/data/pixels.h>

namespace semlink {
namespace {

std::string hex(std::uint32_t value) {
  std::string text(8, '0');
  for (std::size_t i = text.size(); i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

std::string crc_of(const ImageRecords& records) {
  uLong crc = crc32_z(0, records.pixels.data(), records.pixels.size());
  for (const ImageRecords::Entry& entry : records.entries) {
    std::array<Bytef, 12> bytes;
    for (int i = 0; i < 4; ++i) {
      bytes[i] = static_cast<Bytef>(entry.height >> (8 * i));
      bytes[4 + i] = static_cast<Bytef>(entry.width >> (8 * i));
      bytes[8 + i] = static_cast<Bytef>(entry.label >> (8 * i));
    }
    crc = crc32_z(crc, bytes.data(), bytes.size());
  }
  if (const std::optional<Picture>& picture = records.picture) {
    const std::array<Index, 5> numbers{picture->top, picture->left, picture->height, picture->width,
                                       picture->num_channels};
    for (const Index number : numbers) {
      const std::array<Bytef, 2> bytes{static_cast<Bytef>(number), static_cast<Bytef>(number >> 8)};
      crc = crc32_z(crc, bytes.data(), bytes.size());
    }
  }
  return hex(static_cast<std::uint32_t>(crc));
}

/// from_byte of every byte.
const std::array<float, 256>& byte_values() {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> table;
    for (int byte = 0; byte < 256; ++byte) table[byte] = from_byte(static_cast<std::uint8_t>(byte));
    return table;
  }();
  return values;
}

}  // namespace

StoredImages::StoredImages(ImageRecords records, SampleOrder order, const std::string& name)
    : records_(std::move(records)), order_(order) {
  if (records_.entries.empty()) throw Error(ErrorCode::bad_file, name + ": no images: expected at least 1");
  checksum_ = crc_of(records_);
}

Sample StoredImages::sample(const TrialRng& rng) const {
  const ImageRecords::Entry& entry = records_.entries[sample_index(order_, size(), rng)];
  const std::array<float, 256>& values = byte_values();
  Sample sample{.id = entry.id, .image = {entry.height, entry.width, {}}, .label = entry.label};
  sample.picture = records_.picture;
  sample.image.values.resize(sample.image.num_reals());
  const std::uint8_t* bytes = records_.pixels.data() + entry.offset;
  const Index bytes_per_three = records_.num_channels;
  float* out = sample.image.values.data();
  for (Index pixel = 0; pixel < entry.height * entry.width; ++pixel, bytes += bytes_per_three, out += 3)
    for (Index c = 0; c < 3; ++c) out[c] = values[bytes[bytes_per_three == 3 ? c : 0]];
  return sample;
}

}  // namespace semlink
