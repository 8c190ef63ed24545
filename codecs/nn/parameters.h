#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <semlink/core/rng.h>
#include <semlink/core/types.h>

namespace semlink::nn {

/// How a slot is filled before training.
enum class Init {
  zeros,
  ones,
  scaled_normal,  ///< N(0, 1 / rows): keeps the variance of a product with unit-variance rows
  small_normal,   ///< N(0, 0.02^2)
};

/// A named matrix in the flat parameter vector.
struct Slot {
  std::string name;  ///< `encoder.0.qkv.weight`
  Index rows = 0;
  Index cols = 0;
  Index offset = 0;  ///< in elements; a multiple of 16, so that float slots start on 64 bytes
  Init init = Init::zeros;
  bool hidden =
      false;  ///< an inner matrix of the network: the optimiser may treat it as an operator (Muon), not as a table
  Index size() const { return rows * cols; }
};

/// Names, shapes and places of all parameters. Parameters, gradients and optimiser moments share one layout.
class ParameterLayout {
 public:
  /// Appends a slot and gives its index. Throws Error(bad_argument) when the name is taken.
  Index add(std::string name, Index rows, Index cols, Init init, bool hidden = false);
  const Slot& slot(Index index) const { return slots_[static_cast<std::size_t>(index)]; }
  const std::vector<Slot>& slots() const { return slots_; }
  /// Length of the flat vector, padding included.
  Index size() const { return size_; }
  /// Index of a name, or -1.
  Index find(std::string_view name) const;
  /// Number of trained values, padding not counted.
  Index num_parameters() const;

 private:
  std::vector<Slot> slots_;
  Index size_ = 0;
};

/// A flat vector over a layout.
template <typename T>
using FlatVector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// The starting point of a training: every slot filled from its own stretch of the `Purpose::init` stream.
FlatVector<float> initial_parameters(const ParameterLayout& layout, std::uint64_t seed);

/// View of one slot.
template <typename T>
Eigen::Map<RowMatrix<T>> view(FlatVector<T>& values, const Slot& slot) {
  return {values.data() + slot.offset, slot.rows, slot.cols};
}
template <typename T>
Eigen::Map<const RowMatrix<T>> view(const FlatVector<T>& values, const Slot& slot) {
  return {values.data() + slot.offset, slot.rows, slot.cols};
}

}  // namespace semlink::nn
