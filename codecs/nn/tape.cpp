#include <semlink/codecs/nn/tape.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace semlink::nn {

namespace {

constexpr std::size_t kAlignment = 64;

/// Sizes are rounded up to 4, 5, 6 or 7 times a power of two, so that ragged shapes share buffers at 25 % waste at
/// most.
struct SizeClass {
  std::size_t number, size;
};

SizeClass size_class(Index wanted) {
  constexpr std::size_t kSmallest = 64, kPerDoubling = 4;
  const std::size_t size = std::max(kSmallest, static_cast<std::size_t>(wanted));
  const std::size_t step = std::bit_floor(size) / kPerDoubling;
  const std::size_t steps = (size + step - 1) / step;  // 4 to 8
  return {kPerDoubling * static_cast<std::size_t>(std::countr_zero(step)) + steps, steps * step};
}

}  // namespace

template <typename T>
Var<T>::Var(Tape<T>* tape, std::size_t node) : tape_(tape), node_(node) {
  ++tape_->nodes_[node_].handles;
}

template <typename T>
Var<T>::Var(const Var& other) : tape_(other.tape_), node_(other.node_) {
  if (tape_ != nullptr) ++tape_->nodes_[node_].handles;
}

template <typename T>
Var<T>::Var(Var&& other) noexcept : tape_(std::exchange(other.tape_, nullptr)), node_(other.node_) {}

template <typename T>
Var<T>& Var<T>::operator=(Var other) noexcept {
  std::swap(tape_, other.tape_);
  std::swap(node_, other.node_);
  return *this;
}

template <typename T>
Var<T>::~Var() {
  // A recording tape keeps its nodes until clear(), which may already have happened.
  if (tape_ == nullptr || tape_->records_) return;
  if (--tape_->nodes_[node_].handles == 0) tape_->release(node_);
}

template <typename T>
Index Var<T>::rows() const {
  return tape_->nodes_[node_].rows;
}

template <typename T>
Index Var<T>::cols() const {
  return tape_->nodes_[node_].cols;
}

template <typename T>
T* Var<T>::data() const {
  return tape_->nodes_[node_].value;
}

template <typename T>
bool Var<T>::needs_grad() const {
  return tape_->nodes_[node_].needs_grad;
}

template <typename T>
typename Var<T>::Matrix Var<T>::grad() const {
  auto& node = tape_->nodes_[node_];
  if (node.grad == nullptr) {
    node.grad = tape_->take(node.rows * node.cols);
    std::fill_n(node.grad, node.rows * node.cols, T(0));
  }
  return Matrix(node.grad, node.rows, node.cols);
}

template <typename T>
Tape<T>::Tape(bool records) : records_(records) {}

template <typename T>
Tape<T>::~Tape() {
  for (T* memory : owned_) ::operator delete(memory, std::align_val_t(kAlignment));
}

template <typename T>
Var<T> Tape<T>::constant(Index rows, Index cols) {
  return make(rows, cols, false);
}

template <typename T>
Var<T> Tape<T>::result(Index rows, Index cols, std::initializer_list<const Var<T>*> inputs, bool has_parameters) {
  const bool needs = std::any_of(inputs.begin(), inputs.end(), [](const Var<T>* input) { return input->needs_grad(); });
  return make(rows, cols, records_ && (needs || has_parameters));
}

template <typename T>
Var<T> Tape<T>::result(Index rows, Index cols, const std::vector<Var<T>>& inputs, bool has_parameters) {
  const bool needs = std::any_of(inputs.begin(), inputs.end(), [](const Var<T>& input) { return input.needs_grad(); });
  return make(rows, cols, records_ && (needs || has_parameters));
}

template <typename T>
Var<T> Tape<T>::make(Index rows, Index cols, bool needs_grad) {
  std::size_t index = nodes_.size();
  if (free_nodes_.empty()) {
    nodes_.emplace_back();
  } else {
    index = free_nodes_.back();
    free_nodes_.pop_back();
  }
  Node& node = nodes_[index];
  node.value = take(rows * cols);
  node.rows = rows;
  node.cols = cols;
  node.needs_grad = needs_grad;
  return Var<T>(this, index);
}

template <typename T>
void Tape<T>::backward(const Var<T>& loss) {
  loss.grad()(0, 0) = T(1);
  const std::size_t num_nodes = nodes_.size();
  for (std::size_t i = num_nodes; i-- > 0;) {
    if (nodes_[i].grad == nullptr || !nodes_[i].rule) continue;
    // Out of the node first: a rule may make scratch matrices, which moves the nodes.
    const std::function<void()> rule = std::move(nodes_[i].rule);
    rule();
    while (nodes_.size() > num_nodes) {
      give_back(nodes_.back().value, nodes_.back().rows * nodes_.back().cols);
      nodes_.pop_back();
    }
    // The gradient of a result is dead once passed on; those of leaves stay for the caller.
    give_back(nodes_[i].grad, nodes_[i].rows * nodes_[i].cols);
    nodes_[i].grad = nullptr;
  }
}

template <typename T>
void Tape<T>::clear() {
  for (Node& node : nodes_) {
    if (node.value != nullptr) give_back(node.value, node.rows * node.cols);
    if (node.grad != nullptr) give_back(node.grad, node.rows * node.cols);
    node.rule = nullptr;
  }
  nodes_.clear();
  free_nodes_.clear();
}

template <typename T>
T* Tape<T>::take(Index size) {
  const auto [number, rounded] = size_class(size);
  if (number < free_.size() && !free_[number].empty()) {
    T* memory = free_[number].back();
    free_[number].pop_back();
    return memory;
  }
  T* memory = static_cast<T*>(::operator new(rounded * sizeof(T), std::align_val_t(kAlignment)));
  owned_.push_back(memory);
  pool_bytes_ += rounded * sizeof(T);
  return memory;
}

template <typename T>
void Tape<T>::give_back(T* memory, Index size) {
  const std::size_t number = size_class(size).number;
  if (number >= free_.size()) free_.resize(number + 1);
  free_[number].push_back(memory);
}

template <typename T>
void Tape<T>::release(std::size_t index) {
  Node& node = nodes_[index];
  give_back(node.value, node.rows * node.cols);
  node = Node{};
  free_nodes_.push_back(index);
}

template class Var<float>;
template class Var<double>;
template class Tape<float>;
template class Tape<double>;

}  // namespace semlink::nn
