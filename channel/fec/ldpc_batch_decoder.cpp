#include <semlink/channel/fec/ldpc_batch_decoder.h>

#include <algorithm>
#include <bit>
#include <string>

#include <semlink/channel/fec/ldpc_batch_kernel_internal.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

/// Index of the column that only this row holds, or -1, for each row.
std::vector<Index> own_columns(const LiftedGraph& graph) {
  std::vector<int> uses(static_cast<std::size_t>(graph.num_columns));
  for (const auto& row : graph.rows)
    for (const LiftedGraph::Edge& edge : row) ++uses[edge.column];
  std::vector<Index> own;
  for (const auto& row : graph.rows) {
    const auto found = std::find_if(row.begin(), row.end(), [&](const auto& edge) { return uses[edge.column] == 1; });
    own.push_back(found == row.end() ? -1 : found->column);
  }
  return own;
}

LdpcDecoderSettings in_eight_bits(LdpcDecoderSettings settings) {
  settings.eight_bit = true;
  return settings;
}

}  // namespace

LdpcBatchDecoder::LdpcBatchDecoder(LiftedGraph graph, LdpcDecoderSettings settings)
    // The decoder of single words knows what 8 bits can do.
    : graph_(LdpcDecoder(std::move(graph), in_eight_bits(settings)).graph()),
      settings_(in_eight_bits(settings)),
      own_column_(own_columns(graph_)) {}

Index LdpcBatchDecoder::group_size() { return ldpc::batch_lanes(); }

std::vector<Index> LdpcBatchDecoder::active_rows(std::span<const float> llrs, Index num_llrs) const {
  const auto is_heard = [&](Index column) {
    const Index begin = column * graph_.lifting_size, size = std::min(graph_.lifting_size, num_llrs - begin);
    if (size <= 0) return false;
    for (std::size_t word = 0; word < llrs.size(); word += static_cast<std::size_t>(num_llrs)) {
      const float* first = llrs.data() + word + begin;
      // Every bit but the sign, in whole numbers and without a way out of the loop: that is vector code.
      std::uint32_t heard = 0;
      for (Index i = 0; i < size; ++i) heard |= std::bit_cast<std::uint32_t>(first[i]) << 1;
      if (heard != 0) return true;
    }
    return false;
  };
  std::vector<Index> rows;
  for (std::size_t row = 0; row < graph_.rows.size(); ++row)
    if (own_column_[row] < 0 || is_heard(own_column_[row])) rows.push_back(static_cast<Index>(row));
  return rows;
}

std::vector<LdpcDecoder::Result> LdpcBatchDecoder::decode(std::span<const float> llrs, Index num_words,
                                                          Index bits_per_word, std::span<std::uint8_t> bits) const {
  const Index num_llrs = num_words > 0 ? std::ssize(llrs) / num_words : 0;
  if (num_words < 0 || std::ssize(llrs) != num_words * num_llrs || num_llrs > graph_.num_bits())
    throw Error(ErrorCode::bad_argument, std::to_string(llrs.size()) + " LLRs: expected up to " +
                                             std::to_string(graph_.num_bits()) + " for each of " +
                                             std::to_string(num_words) + " words");
  if (bits_per_word < 0 || bits_per_word > graph_.num_bits() ||
      static_cast<Index>(bits.size()) != num_words * bits_per_word)
    throw Error(ErrorCode::bad_argument,
                std::to_string(bits.size()) + " bits: expected " + std::to_string(bits_per_word) + " for each of " +
                    std::to_string(num_words) + " words, at most " + std::to_string(graph_.num_bits()));
  const std::vector<Index> rows = active_rows(llrs, num_llrs);
  std::vector<LdpcDecoder::Result> results(static_cast<std::size_t>(num_words));
  for (Index word = 0; word < num_words; word += group_size())
    ldpc::decode_batch({.graph = graph_,
                        .rows = rows,
                        .settings = settings_,
                        .num_words = std::min(group_size(), num_words - word),
                        .llrs = llrs.data() + word * num_llrs,
                        .num_llrs = num_llrs,
                        .bits_per_word = bits_per_word,
                        .bits = bits.data() + word * bits_per_word,
                        .results = results.data() + word});
  return results;
}

}  // namespace semlink
