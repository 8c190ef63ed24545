#include <semlink/data/random_bits.h>

#include <string>

#include <semlink/core/error.h>

namespace semlink {

RandomBits::RandomBits(Index num_bits) : num_bits_(num_bits) {
  if (num_bits < 1 || num_bits > (1 << 24))
    throw Error(ErrorCode::bad_scenario, "source.num_bits = " + std::to_string(num_bits) + ": expected [1, 16777216]");
}

Sample RandomBits::sample(const TrialRng& rng) const {
  Sample sample{.id = static_cast<std::int64_t>(rng.trial)};
  sample.bits.resize(static_cast<std::size_t>(num_bits_));
  Stream stream = rng.stream(Purpose::sample);
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < sample.bits.size(); ++i) {
    if (i % 32 == 0) word = stream.next_u32();
    sample.bits[i] = static_cast<std::uint8_t>((word >> (i % 32)) & 1);
  }
  return sample;
}

}  // namespace semlink
