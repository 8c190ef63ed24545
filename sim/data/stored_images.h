#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <semlink/data/sample_order.h>
#include <semlink/data/source.h>

namespace semlink {

/// Images as the loaders leave them: 8-bit pixels in one block, row by row, the channels of a pixel adjacent.
struct ImageRecords {
  struct Entry {
    std::int64_t id = 0;     ///< index in the data set on disk
    std::size_t offset = 0;  ///< of the first byte in `pixels`
    Index height = 0;
    Index width = 0;
    int label = -1;  ///< class, or -1 where there is none
  };
  Index num_channels = 3;  ///< 3 (RGB), or 1: grey, shown as three equal colours
  std::optional<Picture> picture;  ///< what of each image the data set has; empty: all of it
  std::vector<std::uint8_t> pixels;
  std::vector<Entry> entries;
  std::vector<std::string> class_names;
  bool is_split = true;  ///< another split has other images
};

/// A finite set of images held in memory as bytes; a sample is converted to [0, 1] when it is asked for.
class StoredImages final : public Source {
 public:
  /// `name` is what an error calls the set. Throws Error(bad_file) when there are no images.
  StoredImages(ImageRecords records, SampleOrder order, const std::string& name);

  Sample sample(const TrialRng& rng) const override;
  Index size() const override { return static_cast<Index>(records_.entries.size()); }
  bool is_split() const override { return records_.is_split; }
  std::vector<std::string> class_names() const override { return records_.class_names; }
  /// CRC-32 over pixels, sizes, labels and padding of the images that are used, as 8 hexadecimal digits.
  std::string checksum() const override { return checksum_; }

 private:
  ImageRecords records_;
  SampleOrder order_;
  std::string checksum_;
};

}  // namespace semlink
