#pragma once

#include <semlink/channel/fec/code.h>
#include <semlink/channel/modem.h>
#include <semlink/core/rng.h>

#include <cmath>
#include <string>

namespace semlink::test {

/// Words sent and words that came back with a wrong bit.
struct BlockErrors {
  long errors = 0;
  long blocks = 0;
  double rate() const { return static_cast<double>(errors) / static_cast<double>(blocks); }
};

/// |z| of the two-proportion test with a pooled rate: how far two counts are from having one rate.
inline double two_proportion_z(const BlockErrors& a, const BlockErrors& b) {
  const auto n_a = static_cast<double>(a.blocks), n_b = static_cast<double>(b.blocks);
  const double pooled = static_cast<double>(a.errors + b.errors) / (n_a + n_b);
  return std::abs(a.rate() - b.rate()) / std::sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b));
}

/// A standard normal is beyond this, to either side, once in 10^4.
inline constexpr double kOnceIn10000 = 3.891;

/// Sends random words over AWGN; Es/N0 = Eb/N0 + 10 log10(bits per symbol * info_bits / coded_bits).
inline BlockErrors send_words(const Code& code, const std::string& constellation, double ebn0_db, long blocks,
                              std::uint64_t seed) {
  const Modem modem(constellation);
  const double bits_per_use =
      static_cast<double>(modem.bits_per_symbol() * code.info_bits()) / static_cast<double>(code.coded_bits());
  const auto noise_var = static_cast<float>(std::pow(10.0, -ebn0_db / 10) / bits_per_use);
  BlockErrors count{.blocks = blocks};
  for (long block = 0; block < blocks; ++block) {
    Stream stream(seed, Purpose::user, static_cast<std::uint64_t>(block));
    Bits message(static_cast<std::size_t>(code.message_bits()));
    for (auto& bit : message) bit = stream.next_u32() & 1;
    const Symbols sent = modem.modulate(code.encode(message));
    const Symbols received = sent + std::sqrt(noise_var) * stream.complex_normals(sent.rows(), 1);
    Llrs llrs = modem.demodulate(received, Eigen::VectorXf::Constant(sent.rows(), noise_var));
    llrs.resize(static_cast<std::size_t>(code.coded_bits()));
    count.errors += code.decode(llrs).bits != message;
  }
  return count;
}

}  // namespace semlink::test
