#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include <semlink/core/types.h>

namespace semlink::nn {

template <typename T>
class Tape;

/// Handle of a matrix on a tape. Copies are cheap. On a tape that does not record, the memory of a matrix goes back to
/// the tape's pool with its last handle. A handle must not outlive its tape.
template <typename T>
class Var {
 public:
  using Matrix = Eigen::Map<RowMatrix<T>, Eigen::Aligned64>;

  Var() = default;
  Var(const Var& other);
  Var(Var&& other) noexcept;
  Var& operator=(Var other) noexcept;
  ~Var();

  bool empty() const { return tape_ == nullptr; }
  Index rows() const;
  Index cols() const;
  T* data() const;
  Matrix value() const { return Matrix(data(), rows(), cols()); }
  /// Gradient of the loss; zero until something was added. Only on a recording tape.
  Matrix grad() const;
  bool needs_grad() const;
  Tape<T>& tape() const { return *tape_; }

 private:
  friend class Tape<T>;
  Var(Tape<T>* tape, std::size_t node);
  Tape<T>* tape_ = nullptr;
  std::size_t node_ = 0;
};

/// Reverse-mode differentiation over matrices. The same forward code runs on a recording tape (training, gradient
/// checks) and on one that does not record (simulation). One tape belongs to one thread.
template <typename T>
class Tape {
 public:
  explicit Tape(bool records);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  bool records() const { return records_; }

  /// New matrix, not initialised, whose gradient nobody wants (data, noise).
  Var<T> constant(Index rows, Index cols);
  /// New matrix, not initialised, that depends on others: it needs a gradient when one of them does, or when
  /// `has_parameters` says that the operation uses trained parameters.
  Var<T> result(Index rows, Index cols, std::initializer_list<const Var<T>*> inputs, bool has_parameters = false);
  /// Like `result` for a list of inputs known only at run time.
  Var<T> result(Index rows, Index cols, const std::vector<Var<T>>& inputs, bool has_parameters = false);
  /// The rule that adds to the gradients of the inputs, given that of `out`. Ignored when `out` needs none. The rule
  /// may hold handles (on a recording tape memory is kept until `clear`) and may make scratch matrices with `constant`,
  /// which vanish when it returns.
  template <typename Rule>
  void on_backward(const Var<T>& out, Rule&& rule) {
    if (out.needs_grad()) nodes_[out.node_].rule = std::forward<Rule>(rule);
  }

  /// Runs all rules, newest first, from dL/dloss = 1; `loss` is [1, 1].
  void backward(const Var<T>& loss);
  /// Forgets everything; memory stays in the pool. No handle may be used afterwards.
  void clear();

  /// Bytes held by the pool, in use or free.
  std::size_t pool_bytes() const { return pool_bytes_; }

 private:
  friend class Var<T>;
  struct Node {
    T* value = nullptr;
    T* grad = nullptr;
    Index rows = 0;
    Index cols = 0;
    int handles = 0;
    bool needs_grad = false;
    std::function<void()> rule;
  };

  Var<T> make(Index rows, Index cols, bool needs_grad);
  T* take(Index size);
  void give_back(T* memory, Index size);
  void release(std::size_t node);

  bool records_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> free_nodes_;
  std::vector<std::vector<T*>> free_;  // by size class
  std::vector<T*> owned_;
  std::size_t pool_bytes_ = 0;
};

}  // namespace semlink::nn
