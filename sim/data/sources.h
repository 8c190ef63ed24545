#pragma once

#include <filesystem>
#include <string>

#include <semlink/core/registry.h>
#include <semlink/data/sample_order.h>
#include <semlink/data/source.h>
#include <semlink/data/split.h>

namespace semlink {

/// The keys `source.path`, `source.split` and `source.order` as every kind that reads files means them.
struct FileSourceSettings {
  std::filesystem::path path = "../shared/data/cifar10";
  std::string split = "test";
  std::string order = "file";

  void declare(Keys& keys);
};

/// Adds the kinds of source that semlink brings along: `cifar10`, `idx`, `images`, `builtin`, `bits`.
void add_sources(Registry<Source>& registry);

}  // namespace semlink
