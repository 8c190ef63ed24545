#include <semlink/data/sources.h>

#include <gtest/gtest.h>

#include <semlink/data/image_file.h>
#include <support/expect_error.h>
#include <support/temporary_folder.h>

namespace semlink {
namespace {

/// All kinds with their keys in one table, as a scenario has them.
struct Sources {
  Sources() {
    add_sources(registry);
    for (const auto& entry : registry.entries()) {
      plugins.push_back(entry.make_settings("source"));
      plugins.back()->declare(keys);
    }
  }

  std::unique_ptr<const Source> make(const std::string& kind) const {
    for (std::size_t i = 0; i < plugins.size(); ++i)
      if (registry.entries()[i].name == kind) return plugins[i]->make();
    return nullptr;
  }

  Registry<Source> registry;
  std::vector<std::unique_ptr<Plugin<Source>>> plugins;
  Keys keys;
};

TEST(Sources, AllKindsShareOneTableOfKeys) {
  const Sources sources;
  EXPECT_EQ(sources.registry.names(), (std::vector<std::string>{"cifar10", "idx", "images", "builtin", "bits"}));
  EXPECT_EQ(sources.keys.get("source.path"), "../shared/data/cifar10");
  EXPECT_EQ(sources.keys.get("source.split"), "test");
}

TEST(Sources, BuiltinTakesItsSizeFromTheKeys) {
  Sources sources;
  sources.keys.set("source.height", "40");
  sources.keys.set("source.width", "24");
  const std::unique_ptr<const Source> source = sources.make("builtin");
  const Sample sample = source->sample({1, 0, 0});
  EXPECT_EQ(sample.image.height, 40);
  EXPECT_EQ(sample.image.width, 24);
  EXPECT_EQ(source->size(), 0);
  EXPECT_EQ(source->checksum(), "");
}

TEST(Sources, BuiltinSplitsDiffer) {
  Sources sources;
  const Image test = sources.make("builtin")->sample({1, 0, 0}).image;
  sources.keys.set("source.split", "train");
  EXPECT_NE(sources.make("builtin")->sample({1, 0, 0}).image.values, test.values);
}

TEST(Sources, ImagesFollowPathAndOrder) {
  const TemporaryFolder folder;
  for (int i = 0; i < 8; ++i)
    write_png(folder / (std::to_string(i) + ".png"), {4, 4, std::vector<float>(48, i / 255.0f)});
  Sources sources;
  sources.keys.set("source.path", (folder / "").string());
  sources.keys.set("source.order", "shuffled");
  const std::unique_ptr<const Source> source = sources.make("images");
  std::vector<std::int64_t> ids, sorted;
  for (std::uint64_t t = 0; t < 8; ++t) ids.push_back(source->sample({1, t, 0}).id);
  sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_NE(ids, sorted);
  EXPECT_EQ(sorted, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Sources, IdxAndCifarNameTheFileTheyMiss) {
  const TemporaryFolder folder;
  Sources sources;
  sources.keys.set("source.path", (folder / "").string());
  sources.keys.set("source.image_file", "pictures");
  expect_error(ErrorCode::bad_file, "pictures", [&] { sources.make("idx"); });
  expect_error(ErrorCode::bad_file, "test_batch.bin", [&] { sources.make("cifar10"); });
}

}  // namespace
}  // namespace semlink
