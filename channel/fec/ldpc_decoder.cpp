#include <semlink/channel/fec/ldpc_decoder.h>

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include <semlink/channel/fec/ldpc_kernels_internal.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

using ldpc::kTail;

template <typename T>
Index whole_vectors(Index count) {
  return (count + kTail<T> - 1) / kTail<T> * kTail<T>;
}

ldpc::Rule kernel_rule(LdpcRule rule) {
  if (rule == LdpcRule::sum_product) return ldpc::Rule::sum_product;
  return rule == LdpcRule::normalized_min_sum ? ldpc::Rule::normalized_min_sum : ldpc::Rule::offset_min_sum;
}

/// Writes the first elements of a column behind its end, as often as they fit.
template <typename T>
void extend(T* column, Index size) {
  if (size >= kTail<T>) {
    std::copy_n(column, kTail<T>, column + size);
  } else {
    for (Index i = 0; i < kTail<T>; ++i) column[size + i] = column[i];
  }
}

/// The LLRs of a word in flight and the messages of its checks.
///
/// A layer cannot write where it reads, because a shifted read wraps around. So every column has two buffers: a layer
/// reads one, shifted, and writes the other in the order of its own checks; `rotation` says which element is first.
template <typename T>
class Beliefs {
 public:
  Beliefs(const LiftedGraph& graph, const std::vector<Index>& rows)
      : graph_(graph),
        size_(graph.lifting_size),
        stride_(whole_vectors<T>(size_) + kTail<T>),
        message_stride_(whole_vectors<T>(size_)),
        columns_(static_cast<std::size_t>(graph.num_columns)) {
    first_message_.resize(graph.rows.size());
    Index edges = 0;
    for (const Index row : rows) {
      first_message_[row] = edges;
      edges += static_cast<Index>(graph.rows[row].size());
    }
    buffers_ = hwy::AllocateAligned<T>(static_cast<std::size_t>(2 * graph.num_columns * stride_));
    messages_ = hwy::AllocateAligned<T>(static_cast<std::size_t>(edges * message_stride_));
    std::fill_n(messages_.get(), edges * message_stride_, T(0));
    for (Index column = 0; column < graph.num_columns; ++column)
      columns_[column] = {buffer(2 * column), buffer(2 * column + 1), 0};
  }

  void load(std::span<const float> llrs) {
    for (Index column = 0; column < graph_.num_columns; ++column) {
      convert(llrs.data() + column * size_, columns_[column].llrs);
      extend(columns_[column].llrs, size_);
    }
  }

  /// The row as a kernel takes it.
  ldpc::CheckRow<T> checks(Index row) const {
    ldpc::CheckRow<T> task;
    task.degree = static_cast<Index>(graph_.rows[row].size());
    task.checks = size_;
    task.stride = message_stride_;
    task.messages = messages_.get() + first_message_[row] * message_stride_;
    for (Index edge = 0; edge < task.degree; ++edge) {
      const auto [index, shift] = graph_.rows[row][edge];
      const Column& column = columns_[index];
      task.in[edge] = column.llrs;
      task.out[edge] = column.next;
      task.shift[edge] = shift >= column.rotation ? shift - column.rotation : shift - column.rotation + size_;
    }
    return task;
  }

  void run_layer(Index row, ldpc::Rule rule, float parameter) {
    ldpc::update_layer(checks(row), rule, parameter);
    for (const LiftedGraph::Edge& edge : graph_.rows[row]) {
      Column& column = columns_[edge.column];
      std::swap(column.llrs, column.next);
      column.rotation = edge.shift;
      extend(column.llrs, size_);
    }
  }

  /// Adds the messages of `row` to the LLRs of its bits.
  void gather(Index row) {
    const T* message = messages_.get() + first_message_[row] * message_stride_;
    for (const LiftedGraph::Edge& edge : graph_.rows[row]) {
      T* llrs = columns_[edge.column].llrs;
      const Index before_wrap = size_ - edge.shift;
      for (Index i = 0; i < before_wrap; ++i) llrs[i + edge.shift] += message[i];
      for (Index i = before_wrap; i < size_; ++i) llrs[i - before_wrap] += message[i];
      message += message_stride_;
    }
  }

  void extend_all() {
    for (Column& column : columns_) extend(column.llrs, size_);
  }

  void decide(std::span<std::uint8_t> bits) const {
    const auto count = static_cast<Index>(bits.size());
    for (Index column = 0; column * size_ < count; ++column) {
      const auto& [llrs, next, rotation] = columns_[column];
      const Index length = std::min(size_, count - column * size_);
      const Index before_wrap = std::min(rotation, length);
      std::uint8_t* out = bits.data() + column * size_;
      for (Index i = 0; i < before_wrap; ++i) out[i] = llrs[i + size_ - rotation] < 0;
      for (Index i = before_wrap; i < length; ++i) out[i] = llrs[i - rotation] < 0;
    }
  }

 private:
  struct Column {
    T* llrs;
    T* next;
    Index rotation;  ///< llrs[i] belongs to bit (i + rotation) mod size
  };

  T* buffer(Index index) const { return buffers_.get() + index * stride_; }

  void convert(const float* from, float* to) const {
    for (Index i = 0; i < size_; ++i) to[i] = std::clamp(from[i], -LdpcDecoder::kLargestLlr, LdpcDecoder::kLargestLlr);
  }
  void convert(const float* from, std::int8_t* to) const { ldpc::quantize(from, size_, to); }

  const LiftedGraph& graph_;
  Index size_;
  Index stride_;
  Index message_stride_;
  std::vector<Column> columns_;
  std::vector<Index> first_message_;  ///< [rows], counted in edges
  hwy::AlignedFreeUniquePtr<T[]> buffers_;
  hwy::AlignedFreeUniquePtr<T[]> messages_;
};

}  // namespace

LdpcDecoder::LdpcDecoder(LiftedGraph graph, LdpcDecoderSettings settings)
    : graph_(std::move(graph)), settings_(settings), own_column_(graph_.rows.size(), -1) {
  if (settings.iterations < 1)
    throw Error(ErrorCode::bad_argument,
                "iterations = " + std::to_string(settings.iterations) + ": expected 1 or more");
  const bool min_sum_layers = settings.rule != LdpcRule::sum_product && settings.schedule == LdpcSchedule::layered;
  if (settings.eight_bit && !min_sum_layers)
    throw Error(ErrorCode::bad_argument, "8 bits: expected a layered min-sum decoder");
  if (settings.eight_bit && settings.rule == LdpcRule::normalized_min_sum && settings.factor != 0.75f)
    throw Error(ErrorCode::bad_argument, "factor = " + std::to_string(settings.factor) + ": expected 0.75 in 8 bits");

  std::vector<int> uses(static_cast<std::size_t>(graph_.num_columns));
  for (const auto& row : graph_.rows) {
    if (static_cast<Index>(row.size()) > ldpc::kMaxDegree)
      throw Error(ErrorCode::bad_argument, "a check of " + std::to_string(row.size()) + " bits: expected at most " +
                                               std::to_string(ldpc::kMaxDegree));
    for (const LiftedGraph::Edge& edge : row) ++uses[edge.column];
  }
  for (std::size_t row = 0; row < graph_.rows.size(); ++row)
    for (const LiftedGraph::Edge& edge : graph_.rows[row])
      if (uses[edge.column] == 1) own_column_[row] = edge.column;
}

std::vector<Index> LdpcDecoder::active_rows(std::span<const float> llrs) const {
  std::vector<Index> rows;
  for (std::size_t row = 0; row < graph_.rows.size(); ++row) {
    const Index size = graph_.lifting_size, column = own_column_[row];
    const auto nonzero = [](float llr) { return llr != 0; };
    if (column < 0 || std::any_of(llrs.begin() + column * size, llrs.begin() + (column + 1) * size, nonzero))
      rows.push_back(static_cast<Index>(row));
  }
  return rows;
}

template <typename T>
LdpcDecoder::Result LdpcDecoder::run(std::span<const float> llrs, std::span<std::uint8_t> bits) const {
  const std::vector<Index> rows = active_rows(llrs);
  const ldpc::Rule rule = kernel_rule(settings_.rule);
  const float scale = settings_.eight_bit ? LdpcDecoderSettings::kEightBitScale : 1.0f;
  const float parameter = settings_.rule == LdpcRule::normalized_min_sum ? settings_.factor : scale * settings_.offset;
  Beliefs<T> beliefs(graph_, rows);
  beliefs.load(llrs);
  const auto satisfied = [&] {
    return std::all_of(rows.begin(), rows.end(), [&](Index row) { return ldpc::all_satisfied(beliefs.checks(row)); });
  };

  Result result;
  while (result.iterations < settings_.iterations && !result.ok) {
    ++result.iterations;
    if (settings_.schedule == LdpcSchedule::layered) {
      for (const Index row : rows) beliefs.run_layer(row, rule, parameter);
    } else if constexpr (std::is_same_v<T, float>) {
      for (const Index row : rows) ldpc::update_messages(beliefs.checks(row), rule, parameter);
      beliefs.load(llrs);
      for (const Index row : rows) beliefs.gather(row);
      beliefs.extend_all();
    }
    if (settings_.early_stop || result.iterations == settings_.iterations) result.ok = satisfied();
  }
  beliefs.decide(bits);
  return result;
}

LdpcDecoder::Result LdpcDecoder::decode(std::span<const float> llrs, std::span<std::uint8_t> bits) const {
  if (static_cast<Index>(llrs.size()) != graph_.num_bits())
    throw Error(ErrorCode::bad_argument,
                std::to_string(llrs.size()) + " LLRs: expected " + std::to_string(graph_.num_bits()));
  return settings_.eight_bit ? run<std::int8_t>(llrs, bits) : run<float>(llrs, bits);
}

}  // namespace semlink
