#include <semlink/codecs/nn/packed_parameters.h>

namespace semlink::nn {

PackedParameters::PackedParameters(const ParameterLayout& layout, const FlatVector<float>& values) {
  matrices_.resize(layout.slots().size());
  for (std::size_t i = 0; i < matrices_.size(); ++i) {
    const Slot& slot = layout.slots()[i];
    if (slot.name.ends_with(".weight"))
      matrices_[i].emplace(slot.rows, slot.cols, values.data() + slot.offset, slot.cols);
  }
}

}  // namespace semlink::nn
