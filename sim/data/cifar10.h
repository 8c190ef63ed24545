#pragma once

#include <filesystem>

#include <semlink/data/split.h>
#include <semlink/data/stored_images.h>

namespace semlink {

/// CIFAR-10, binary version (Krizhevsky 2009): files `data_batch_1.bin` ... `data_batch_5.bin` and `test_batch.bin` in
/// `folder`, each of 10,000 records of one label byte and 3 x 1024 bytes (red, green, blue plane, row by row). Only the
/// records of the split are kept. Ids are positions in the 50,000 training or the 10,000 test images. Throws
/// Error(bad_file) when a file is missing, has another size or a label above 9.
ImageRecords load_cifar10(const std::filesystem::path& folder, Split split);

}  // namespace semlink
