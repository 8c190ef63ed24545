#include <semlink/data/sources.h>

#include <cstdint>

#include <semlink/data/builtin_images.h>
#include <semlink/data/cifar10.h>
#include <semlink/data/idx.h>
#include <semlink/data/image_folder.h>
#include <semlink/data/random_bits.h>

namespace semlink {
namespace {

void declare_split(Keys& keys, std::string& split) {
  keys.choice("source.split", split, {"train", "validation", "calibration", "test"})
      .help(
          "Part of the data; no two parts share a sample (images: the pictures in the subfolder of that name; in "
          "a folder without such subfolders all of them, which calibrate, verify and train refuse).");
}

class Cifar10Plugin final : public Plugin<Source> {
 public:
  void declare(Keys& keys) override { files_.declare(keys); }
  std::unique_ptr<const Source> make() const override {
    return std::make_unique<StoredImages>(load_cifar10(files_.path, parse_split(files_.split)),
                                          parse_sample_order(files_.order), files_.path.string());
  }

 private:
  FileSourceSettings files_;
};

class IdxPlugin final : public Plugin<Source> {
 public:
  void declare(Keys& keys) override {
    files_.declare(keys);
    keys.text("source.image_file", image_file_)
        .help("Image file of source.kind = idx below source.path; auto: the usual name for the split, .gz or not.");
    keys.text("source.label_file", label_file_).help("Label file of source.kind = idx, alike; none: no labels.");
  }
  std::unique_ptr<const Source> make() const override {
    return std::make_unique<StoredImages>(load_idx({files_.path, image_file_, label_file_}, parse_split(files_.split)),
                                          parse_sample_order(files_.order), files_.path.string());
  }

 private:
  FileSourceSettings files_;
  std::string image_file_ = IdxFiles{}.images;
  std::string label_file_ = IdxFiles{}.labels;
};

class ImagesPlugin final : public Plugin<Source> {
 public:
  void declare(Keys& keys) override { files_.declare(keys); }
  std::unique_ptr<const Source> make() const override {
    return std::make_unique<StoredImages>(load_image_folder(files_.path, parse_split(files_.split)),
                                          parse_sample_order(files_.order), files_.path.string());
  }

 private:
  FileSourceSettings files_;
};

class BuiltinPlugin final : public Plugin<Source> {
 public:
  void declare(Keys& keys) override {
    declare_split(keys, split_);
    keys.integer("source.height", height_)
        .unit("pixels")
        .range(8, 1024)
        .help("Height of the images of source.kind = builtin.");
    keys.integer("source.width", width_)
        .unit("pixels")
        .range(8, 1024)
        .help("Width of the images of source.kind = builtin.");
  }
  std::unique_ptr<const Source> make() const override {
    return std::make_unique<BuiltinImages>(height_, width_, parse_split(split_));
  }

 private:
  std::string split_ = FileSourceSettings{}.split;
  std::int64_t height_ = 32;
  std::int64_t width_ = 32;
};

class BitsPlugin final : public Plugin<Source> {
 public:
  void declare(Keys& keys) override {
    keys.integer("source.num_bits", num_bits_)
        .unit("bits")
        .range(1, 1 << 24)
        .help("Bits of a frame of source.kind = bits; a trial is one frame.");
  }
  std::unique_ptr<const Source> make() const override { return std::make_unique<RandomBits>(num_bits_); }

 private:
  std::int64_t num_bits_ = 4096;
};

}  // namespace

void FileSourceSettings::declare(Keys& keys) {
  keys.path("source.path", path).help("Folder of the data set (not builtin, which needs none).");
  declare_split(keys, split);
  keys.choice("source.order", order, {"file", "shuffled"})
      .help(
          "Trial t takes sample t mod N in file order, or after a random permutation, new for every N trials (not "
          "builtin).");
}

void add_sources(Registry<Source>& registry) {
  registry.add<Cifar10Plugin>("cifar10", "CIFAR-10, binary version: 32x32 photographs in 10 classes.");
  registry.add<IdxPlugin>(
      "idx", "Grey images of the MNIST family, IDX files; their own pixels count, not padding and repeated colours.");
  registry.add<ImagesPlugin>("images", "A folder of PNG and JPEG files, each cropped to multiples of 4 pixels.");
  registry.add<BuiltinPlugin>("builtin", "Procedural images with the statistics of natural ones; no files.");
  registry.add<BitsPlugin>("bits", "Independent fair bits, for the link alone: codec.model = none carries them.");
}

}  // namespace semlink
