#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include <semlink/codecs/deepjscc/codec.h>
#include <semlink/core/registry.h>

namespace semlink::deepjscc {

/// Reads a weights file; supplied by the program, because files are none of a codec's business.
using ModelReader = std::function<Model(const std::filesystem::path&)>;

/// `codec.model = deepjscc`.
class DeepJsccPlugin final : public Plugin<Codec> {
 public:
  explicit DeepJsccPlugin(ModelReader reader) : reader_(std::move(reader)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const Codec> make() const override;

 private:
  ModelReader reader_;
  std::filesystem::path weights_;
};

}  // namespace semlink::deepjscc
