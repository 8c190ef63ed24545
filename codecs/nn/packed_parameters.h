#pragma once

#include <optional>
#include <vector>

#include <semlink/codecs/nn/kernels/packed_matrix.h>
#include <semlink/codecs/nn/parameters.h>

namespace semlink::nn {

/// The weight matrices of a network that no longer changes, each packed once for the products of `linear`.
class PackedParameters {
 public:
  /// Packs every slot `*.weight`. `values` must outlive this object.
  PackedParameters(const ParameterLayout& layout, const FlatVector<float>& values);

  /// The packed matrix of a slot, or null.
  const kernels::PackedMatrix* find(Index slot) const {
    const auto& matrix = matrices_[static_cast<std::size_t>(slot)];
    return matrix ? &*matrix : nullptr;
  }

 private:
  std::vector<std::optional<kernels::PackedMatrix>> matrices_;
};

}  // namespace semlink::nn
