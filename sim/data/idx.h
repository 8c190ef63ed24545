#pragma once

#include <filesystem>
#include <string>

#include <semlink/data/split.h>
#include <semlink/data/stored_images.h>

namespace semlink {

/// Which files of the MNIST family to read, below `folder`. `auto` stands for the names under which MNIST and its
/// relatives are distributed, with or without `.gz`: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, for the
/// test split `t10k-...`.
struct IdxFiles {
  std::filesystem::path folder;
  std::string images = "auto";
  std::string labels = "auto";  ///< `none`: samples have no labels
};

/// Grey 8-bit images in IDX format (LeCun's MNIST page): big-endian header 0x00000803, count, rows, columns, then the
/// pixels; labels 0x00000801, count, one byte each. Compressed files are read as they are. A split is taken by
/// `split_range` from the files that are read. Grey becomes three equal colours; sides that are no multiple of 4 are
/// padded with black, the picture in the middle; source values are those of the files (`ImageRecords::picture`). Throws
/// Error(bad_file) for a missing, damaged, truncated or over-long file, sides outside [1, 4096], more than 4 GiB, or
/// another number of labels than of images.
ImageRecords load_idx(const IdxFiles& files, Split split);

}  // namespace semlink
