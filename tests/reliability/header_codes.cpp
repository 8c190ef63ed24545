// How often is a header of 14 bits lost, and how often is noise taken for one?
//   reliability_headers [PIECES OF A POINT] [FRAMES OF NOISE]
// First the codes of `header.code = auto`, before (Golay, whole repetitions, CRC of 8 bits) and now (NR polar, CRC of
// 24 bits), at the SNR that is reported and around it; then both at equal uses and with equal CRCs; then noise alone.
// Exit status 1 when the automatic code fails more than once in a thousand, or takes noise for a header more than once
// in 10^5.

#include <semlink/channel/header_code.h>
#include <semlink/core/rng.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace semlink {
namespace {

constexpr Index kHeaderBits = 14;

struct Protection {
  const char* code;
  Crc crc;
  double repetition;
};

Symbols add_noise(const Symbols& x, double noise_var, Stream& stream) {
  return x + static_cast<float>(std::sqrt(noise_var)) * stream.complex_normals(x.rows(), 1);
}

/// Share of `pieces` that are lost or wrong in AWGN.
double failure_rate(const Protection& by, double snr_db, long pieces) {
  const PieceCoder coder(by.code, "qpsk", by.crc);
  const double noise_var = std::pow(10.0, -snr_db / 10);
  long failures = 0;
  for (long piece = 0; piece < pieces; ++piece) {
    Stream stream(1, Purpose::user, static_cast<std::uint64_t>(piece));
    Bits bits(kHeaderBits);
    for (auto& bit : bits) bit = stream.next_u32() & 1;
    const Symbols sent = coder.encode(bits, by.repetition);
    const auto noise_vars = Eigen::VectorXf::Constant(sent.rows(), static_cast<float>(noise_var));
    failures += coder.decode(add_noise(sent, noise_var, stream), noise_vars, kHeaderBits, by.repetition) != bits;
  }
  return static_cast<double>(failures) / static_cast<double>(pieces);
}

/// Pieces out of `frames` of noise that pass the CRC.
long count_ghosts(const Protection& by, long frames) {
  const PieceCoder coder(by.code, "qpsk", by.crc);
  const Symbols silence = Symbols::Zero(coder.uses(kHeaderBits, by.repetition), 1);
  const auto noise_vars = Eigen::VectorXf::Constant(silence.rows(), 1.0f);
  long ghosts = 0;
  for (long frame = 0; frame < frames; ++frame) {
    Stream stream(2, Purpose::user, static_cast<std::uint64_t>(frame));
    ghosts += coder.decode(add_noise(silence, 1, stream), noise_vars, kHeaderBits, by.repetition).has_value();
  }
  return ghosts;
}

/// What `auto` meant before: the smallest number of copies that bring the code bits to 5 dB.
double golay_repetition(double report) { return std::max(1.0, std::ceil(std::pow(10.0, (5 - report) / 10) - 1e-9)); }

void print(const Protection& by, double snr_db, long pieces) {
  const Index uses = PieceCoder(by.code, "qpsk", by.crc).uses(kHeaderBits, by.repetition);
  std::printf("%-10s crc %2d x%-6.3f %4ld uses %6.1f dB  %.2e\n", by.code, by.crc.num_bits, by.repetition,
              static_cast<long>(uses), snr_db, failure_rate(by, snr_db, pieces));
  std::fflush(stdout);
}

bool compare_automatic(long pieces) {
  bool is_good = true;
  for (const double report : {-8.0, -5.0, -2.0, 1.0, 4.0, 7.0}) {
    const Protection before{"golay2412", kCrc8, golay_repetition(report)};
    const Protection now{"polar", kCrc24, HeaderCode::automatic(report).repetition};
    for (const double off : {-2.0, -1.0, 0.0}) {
      print(before, report + off, pieces);
      print(now, report + off, pieces);
    }
    is_good = is_good && failure_rate(now, report, pieces) < 1e-3 + 3 * std::sqrt(1e-3 / static_cast<double>(pieces));
  }
  return is_good;
}

void compare_at_equal_uses(long pieces) {
  // 22 bits with their CRC: 46 code bits of Golay, and as many of polar.
  for (const double copies : {1.0, 4.0})
    for (double snr_db = copies > 1 ? -6 : 0; snr_db <= (copies > 1 ? -1 : 5); ++snr_db) {
      print({"golay2412", kCrc8, copies}, snr_db, pieces);
      print({"polar", kCrc8, copies * 46 / 44}, snr_db, pieces);
    }
}

bool count_all_ghosts(long frames) {
  const Protection before{"golay2412", kCrc8, 1}, now{"polar", kCrc24, 1};
  const long few = frames / 10, ghosts_before = count_ghosts(before, few), ghosts = count_ghosts(now, frames);
  std::printf("noise taken for a header: %ld of %ld before, %ld of %ld now\n", ghosts_before, few, ghosts, frames);
  return static_cast<double>(ghosts) < 1e-5 * static_cast<double>(frames);
}

}  // namespace
}  // namespace semlink

int main(int argc, char** argv) {
  const long pieces = argc > 1 ? std::atol(argv[1]) : 50000, frames = argc > 2 ? std::atol(argv[2]) : 3000000;
  bool is_good = pieces == 0 || semlink::compare_automatic(pieces);
  if (pieces > 0) semlink::compare_at_equal_uses(pieces);
  is_good = (frames == 0 || semlink::count_all_ghosts(frames)) && is_good;
  return is_good ? 0 : 1;
}
