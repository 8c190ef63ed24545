#include <semlink/link/bit_errors.h>

#include <algorithm>

namespace semlink {
namespace {

Index count_differences(const std::uint8_t* a, const std::uint8_t* b, Index count) {
  Index errors = 0;
  for (Index i = 0; i < count; ++i) errors += (a[i] ^ b[i]) & 1;
  return errors;
}

}  // namespace

void measure_bits(const Bits& sent, const Bits& decided, Index block_bits, const ReceivedBits& received,
                  TrialResult& result) {
  Bits filled;
  const Bits* output = &decided;
  if (decided.size() != sent.size()) {
    filled = decided;
    filled.resize(sent.size());
    output = &filled;
  }
  result.num_bits = static_cast<Index>(sent.size());
  result.has_block_check = !received.block_ok.empty();
  result.fec_iterations = received.iterations;
  for (Index first = 0; first < result.num_bits; first += block_bits) {
    const Index count = std::min(block_bits, result.num_bits - first);
    const Index errors = count_differences(sent.data() + first, output->data() + first, count);
    const auto block = static_cast<std::size_t>(result.num_blocks++);
    result.bit_errors += errors;
    result.block_errors += errors > 0;
    result.undetected_blocks += errors > 0 && block < received.block_ok.size() && received.block_ok[block];
  }
}

}  // namespace semlink
