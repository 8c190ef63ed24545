#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <semlink/core/types.h>

namespace semlink {

/// What a random stream is for. Each purpose has numbers of its own, so a new draw for one shifts no other.
enum class Purpose : std::uint32_t { sample = 1, fade, noise, codec, receiver, init, train, augment, impairment, user = 1000 };

/// One block of Philox4x32-10 (Salmon et al. 2011): four words from a counter and a key.
std::array<std::uint32_t, 4> philox_block(const std::array<std::uint32_t, 4>& counter, const std::array<std::uint32_t, 2>& key);

/// A counter-based random stream (Philox4x32-10, Salmon et al. 2011): the numbers are a function of the address
/// (seed, purpose, trial, salt) and of the position in the stream, of nothing else. A value: copies replay.
class Stream {
 public:
  Stream(std::uint64_t seed, Purpose purpose, std::uint64_t trial, std::uint64_t salt = 0);

  std::uint32_t next_u32();
  /// Uniform in [0, 1), 53 random bits.
  double uniform();
  /// Uniform integer in [0, bound), without bias; bound >= 1.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller in float: |z| < 6.77, and 32 bits of it).
  float normal();
  /// Fills with independent standard normals, the ones that as many calls of `normal` give: a longer span begins with the
  /// numbers of a shorter one.
  void normals(std::span<float> out);
  /// Circular complex normals with E|z|^2 = 1, [num_rows, num_cols], drawn row by row: more rows begin with the
  /// numbers of fewer.
  Symbols complex_normals(Index num_rows, Index num_cols);

 private:
  void refill();

  std::uint32_t key_[2];
  std::uint64_t trial_;
  std::uint64_t block_ = 0;
  std::uint32_t words_[4] = {};
  int used_ = 4;
  float spare_ = 0;
  bool has_spare_ = false;
};

/// The streams of one trial. `salt` is 0 with `run.common_random`, else a hash of the point's axis values.
struct TrialRng {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
  std::uint64_t salt = 0;

  Stream stream(Purpose purpose) const { return Stream(seed, purpose, trial, salt); }
};

}  // namespace semlink
