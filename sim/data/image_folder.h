#pragma once

#include <filesystem>

#include <semlink/data/stored_images.h>

namespace semlink {

/// All files in `folder` whose names end in .png, .jpg or .jpeg (in any case), sorted by name, subfolders left out; or,
/// if `folder` is a file, that one image. Each picture is cropped about its centre to sides that are multiples of 4,
/// the patch size of the transceivers. There are no labels; ids are positions in the sorted list. Throws
/// Error(bad_file) when there is none, when one cannot be read, has a side under 4 or all together exceed 4 GiB.
ImageRecords load_image_folder(const std::filesystem::path& folder);

}  // namespace semlink
