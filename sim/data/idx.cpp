#include <semlink/data/idx.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr Index kPatch = 4;
constexpr std::uint64_t kMaxSide = 4096;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 32;

/// Reads a file from front to back, decompressing it if it is gzip.
class IdxFile {
 public:
  explicit IdxFile(const std::filesystem::path& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (!file_) fail("cannot be opened: expected an IDX file");
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorCode::bad_file, path_.string() + ": " + what);
  }

  void read(std::span<std::uint8_t> out) {
    for (std::size_t done = 0; done < out.size();) {
      const auto wanted = static_cast<unsigned>(std::min<std::size_t>(out.size() - done, 1 << 30));
      const int got = gzread(file_.get(), out.data() + done, wanted);
      if (got <= 0)
        fail("ends or is damaged after " + std::to_string(position_ + done) + " bytes: expected " +
             std::to_string(position_ + out.size()));
      done += static_cast<std::size_t>(got);
    }
    position_ += out.size();
  }

  std::uint32_t read_number() {
    std::array<std::uint8_t, 4> bytes;
    read(bytes);
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
  }

  /// Checks that the file ends here, and its compression in order.
  void expect_end() {
    std::uint8_t extra;
    if (gzread(file_.get(), &extra, 1) > 0)
      fail("goes on after " + std::to_string(position_) + " bytes: expected its end, as the header says");
    int state = Z_OK;
    const char* message = gzerror(file_.get(), &state);
    if (state != Z_OK && state != Z_STREAM_END) fail(std::string("is truncated or damaged: ") + message);
  }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::size_t position_ = 0;
};

std::string hex(std::uint32_t number) {
  std::string text = "0x00000000";
  for (std::size_t i = text.size(); i-- > 2; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

void expect_magic(IdxFile& file, std::uint32_t expected, const char* what) {
  const std::uint32_t found = file.read_number();
  if (found != expected) file.fail("begins with " + hex(found) + ": expected " + hex(expected) + " (" + what + ")");
}

struct GreyImages {
  Index count = 0;
  Index height = 0;
  Index width = 0;
  std::vector<std::uint8_t> pixels;
};

GreyImages read_images(const std::filesystem::path& path) {
  IdxFile file(path);
  expect_magic(file, 0x803, "IDX, bytes in three dimensions");
  const std::uint64_t count = file.read_number();
  const std::uint64_t height = file.read_number();
  const std::uint64_t width = file.read_number();
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide)
    file.fail("says " + std::to_string(width) + "x" + std::to_string(height) + " pixels: expected sides in [1, 4096]");
  if (count * height * width > kMaxBytes)
    file.fail("says " + std::to_string(count) + " images of " + std::to_string(height * width) +
              " bytes: expected at most 4 GiB");
  GreyImages images{static_cast<Index>(count), static_cast<Index>(height), static_cast<Index>(width), {}};
  // In steps, so that a header that lies does not take the memory it claims.
  constexpr std::size_t kStep = 1 << 24;
  for (std::size_t left = count * height * width; left > 0;) {
    const std::size_t step = std::min(left, kStep);
    images.pixels.resize(images.pixels.size() + step);
    file.read(std::span(images.pixels).last(step));
    left -= step;
  }
  file.expect_end();
  return images;
}

std::vector<std::uint8_t> read_labels(const std::filesystem::path& path, Index num_images) {
  IdxFile file(path);
  expect_magic(file, 0x801, "IDX, bytes in one dimension");
  const std::uint32_t count = file.read_number();
  if (count != static_cast<std::uint64_t>(num_images))
    file.fail("has " + std::to_string(count) + " labels: expected " + std::to_string(num_images) +
              ", as there are images");
  std::vector<std::uint8_t> labels(count);
  file.read(labels);
  file.expect_end();
  return labels;
}

/// The name given, or the usual one that exists.
std::filesystem::path resolve(const IdxFiles& files, const std::string& name, Split split, const std::string& usual) {
  if (name != "auto") return files.folder / name;
  const std::filesystem::path plain = files.folder / ((split == Split::test ? "t10k-" : "train-") + usual);
  std::filesystem::path compressed = plain;
  compressed += ".gz";
  std::error_code ignored;
  return !std::filesystem::exists(plain, ignored) && std::filesystem::exists(compressed, ignored) ? compressed : plain;
}

std::vector<std::string> numbers_below(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

Index padded(Index side) { return (side + kPatch - 1) / kPatch * kPatch; }

/// Where the pictures lie within their padding.
Picture picture_of(const GreyImages& images) {
  return {.top = (padded(images.height) - images.height) / 2,
          .left = (padded(images.width) - images.width) / 2,
          .height = images.height,
          .width = images.width,
          .num_channels = 1};
}

void append_padded(ImageRecords& records, const GreyImages& images, Index index, int label) {
  const Index height = padded(images.height);
  const Index width = padded(images.width);
  const Index top = records.picture->top;
  const Index left = records.picture->left;
  const std::size_t offset = records.pixels.size();
  records.entries.push_back({.id = index, .offset = offset, .height = height, .width = width, .label = label});
  records.pixels.resize(offset + height * width, 0);
  for (Index y = 0; y < images.height; ++y)
    std::copy_n(&images.pixels[(index * images.height + y) * images.width], images.width,
                &records.pixels[offset + (top + y) * width + left]);
}

}  // namespace

ImageRecords load_idx(const IdxFiles& files, Split split) {
  const GreyImages images = read_images(resolve(files, files.images, split, "images-idx3-ubyte"));
  std::vector<std::uint8_t> labels;
  if (files.labels != "none")
    labels = read_labels(resolve(files, files.labels, split, "labels-idx1-ubyte"), images.count);
  ImageRecords records;
  records.num_channels = 1;
  records.picture = picture_of(images);
  if (!labels.empty()) records.class_names = numbers_below(1 + *std::max_element(labels.begin(), labels.end()));
  const RecordRange range = split_range(split, images.count);
  for (Index i = range.first; i < range.first + range.count; ++i)
    append_padded(records, images, i, labels.empty() ? -1 : labels[i]);
  return records;
}

}  // namespace semlink
