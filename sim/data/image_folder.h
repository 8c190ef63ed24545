#pragma once

#include <filesystem>

#include <semlink/data/split.h>
#include <semlink/data/stored_images.h>

namespace semlink {

/// The pictures of a split. In a folder with a subfolder named after any split (`train`, `validation`, `calibration`,
/// `test`) they are those of the subfolder of this one, which then must be there; in a folder without such subfolders
/// all pictures stand for every split (`ImageRecords::is_split` is false).
///
/// Pictures of a folder are all files in it whose names end in .png, .jpg or .jpeg (in any case), sorted by name, other
/// subfolders left out; or, if `folder` is a file, that one image. Each picture is cropped about its centre to sides
/// that are multiples of 4, the patch size of the transceivers. There are no labels; ids are positions in the sorted
/// list. Throws Error(bad_file) when there is none, when the split has no subfolder though others have, when one cannot
/// be read, has a side under 4 or all together exceed 4 GiB.
ImageRecords load_image_folder(const std::filesystem::path& folder, Split split);

}  // namespace semlink
