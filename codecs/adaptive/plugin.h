#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include <semlink/codecs/adaptive/codec.h>
#include <semlink/core/registry.h>

namespace semlink::adaptive {

/// Reads a weights file; supplied by the program, because files are none of a codec's business.
using ModelReader = std::function<Model(const std::filesystem::path&)>;

/// `codec.model = adaptive`.
class AdaptivePlugin final : public Plugin<Codec> {
 public:
  explicit AdaptivePlugin(ModelReader reader) : reader_(std::move(reader)) {}
  void declare(Keys& keys) override;
  std::unique_ptr<const Codec> make() const override;

 private:
  std::shared_ptr<const ReadyModel> ready_model() const;

  ModelReader reader_;
  /// Of the weights that codecs still use: points that differ in other keys share them.
  mutable std::map<std::filesystem::path, std::weak_ptr<const ReadyModel>> in_use_;
  std::filesystem::path weights_;
  Rate rate_;
  std::int64_t max_width_ = 16;
  DepthOptions depth_;
  bool local_decision_ = false;
};

}  // namespace semlink::adaptive
