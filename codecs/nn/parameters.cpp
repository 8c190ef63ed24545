#include <semlink/codecs/nn/parameters.h>

#include <cmath>

#include <semlink/core/error.h>

namespace semlink::nn {

Index ParameterLayout::add(std::string name, Index rows, Index cols, Init init, bool hidden) {
  if (find(name) >= 0) throw Error(ErrorCode::bad_argument, "parameter " + name + " is declared twice");
  constexpr Index kAlignment = 16;
  slots_.push_back({std::move(name), rows, cols, size_, init, hidden});
  size_ += (rows * cols + kAlignment - 1) / kAlignment * kAlignment;
  return static_cast<Index>(slots_.size()) - 1;
}

Index ParameterLayout::find(std::string_view name) const {
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (slots_[i].name == name) return static_cast<Index>(i);
  return -1;
}

Index ParameterLayout::num_parameters() const {
  Index count = 0;
  for (const Slot& slot : slots_) count += slot.size();
  return count;
}

FlatVector<float> initial_parameters(const ParameterLayout& layout, std::uint64_t seed) {
  FlatVector<float> values = FlatVector<float>::Zero(layout.size());
  for (std::size_t i = 0; i < layout.slots().size(); ++i) {
    const Slot& slot = layout.slots()[i];
    const std::span<float> out(values.data() + slot.offset, static_cast<std::size_t>(slot.size()));
    Stream stream(seed, Purpose::init, i);
    switch (slot.init) {
      case Init::zeros:
        break;
      case Init::ones:
        for (float& value : out) value = 1;
        break;
      case Init::scaled_normal:
      case Init::small_normal: {
        stream.normals(out);
        const float scale =
            slot.init == Init::small_normal ? 0.02F : 1 / std::sqrt(static_cast<float>(std::max<Index>(1, slot.rows)));
        for (float& value : out) value *= scale;
        break;
      }
    }
  }
  return values;
}

}  // namespace semlink::nn
