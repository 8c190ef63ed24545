#include <semlink/core/rng.h>

#include <Random123/philox.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace semlink {
namespace {

constexpr std::uint32_t low_word(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
constexpr std::uint32_t high_word(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

/// a b + c, fused where the machine has it. Spelled out so that the scalar and the vector loop round alike.
inline float mul_add(float a, float b, float c) {
#ifdef __FMA__
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

struct NormalPair {
  float first;
  float second;
};

/// log(u) for u in [2^-33, 1]: reduction to [sqrt(1/2), sqrt(2)) and the polynomial of Cephes `logf` (Moshier 1992).
inline float log_of_uniform(float u) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(u);
  const std::int32_t exponent = (bits - 0x3f3504f3) >> 23;
  const float f = std::bit_cast<float>(bits - (exponent << 23)) - 1.0f;
  const float e = static_cast<float>(exponent);
  const float f2 = f * f;
  float p = 7.0376836292e-2f;
  p = mul_add(p, f, -1.1514610310e-1f);
  p = mul_add(p, f, 1.1676998740e-1f);
  p = mul_add(p, f, -1.2420140846e-1f);
  p = mul_add(p, f, 1.4249322787e-1f);
  p = mul_add(p, f, -1.6668057665e-1f);
  p = mul_add(p, f, 2.0000714765e-1f);
  p = mul_add(p, f, -2.4999993993e-1f);
  p = mul_add(p, f, 3.3333331174e-1f);
  // log(2) in two parts, the first exact in float.
  float tail = mul_add(p * f, f2, e * -2.12194440e-4f);
  tail = mul_add(f2, -0.5f, tail);
  return mul_add(e, 0.693359375f, f + tail);
}

/// Box-Muller on two words. u1 = (w + 1/2) / 2^32 is never 0, so the radius ends at 6.76 instead of infinity; the angle is
/// reduced to a quadrant by its two top bits, so its polynomials (Cephes `sinf`, `cosf`) see [-pi/4, pi/4] only.
inline NormalPair box_muller(std::uint32_t radius_word, std::uint32_t angle_word) {
  const float u = mul_add(static_cast<float>(radius_word), 0x1p-32f, 0x1p-33f);
  const float radius = std::sqrt(-2.0f * log_of_uniform(u));

  const std::uint32_t quadrant = (angle_word + (1u << 29)) >> 30;
  const float x = static_cast<float>(static_cast<std::int32_t>(angle_word - (quadrant << 30))) * (1.57079632679f * 0x1p-30f);
  const float x2 = x * x;
  float s = mul_add(-1.9515295891e-4f, x2, 8.3321608736e-3f);
  s = mul_add(s, x2, -1.6666654611e-1f);
  s = mul_add(s * x2, x, x);
  float c = mul_add(2.443315711809948e-5f, x2, -1.388731625493765e-3f);
  c = mul_add(c, x2, 4.166664568298827e-2f);
  c = mul_add(c, x2, -0.5f);
  c = mul_add(c, x2, 1.0f);

  // Quadrants 1 and 3 swap sine and cosine; the cosine is negative in 1 and 2, the sine in 2 and 3.
  const std::uint32_t s_bits = std::bit_cast<std::uint32_t>(s);
  const std::uint32_t c_bits = std::bit_cast<std::uint32_t>(c);
  const std::uint32_t swap = (s_bits ^ c_bits) & (0u - (quadrant & 1u));
  const std::uint32_t cos_sign = ((quadrant + 1u) & 2u) << 30;
  const std::uint32_t sin_sign = (quadrant & 2u) << 30;
  return {radius * std::bit_cast<float>((c_bits ^ swap) ^ cos_sign),
          radius * std::bit_cast<float>((s_bits ^ swap) ^ sin_sign)};
}

/// Blocks done at once by the bulk fill; a multiple of every vector width there is.
constexpr int kLanes = 32;

/// Normals of `kLanes` consecutive Philox blocks: out[4 * lane + 0..3]. The same numbers as one block at a time, in loops over
/// lanes that the compiler turns into vector code.
void normals_of_blocks(std::uint64_t first_block, std::uint64_t trial, const std::uint32_t key[2], float* out) {
  std::uint32_t w0[kLanes], w1[kLanes], w2[kLanes], w3[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const std::uint64_t block = first_block + static_cast<std::uint64_t>(i);
    w0[i] = low_word(block);
    w1[i] = high_word(block);
    w2[i] = low_word(trial);
    w3[i] = high_word(trial);
  }
  std::uint32_t k0 = key[0];
  std::uint32_t k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      const std::uint64_t p0 = static_cast<std::uint64_t>(PHILOX_M4x32_0) * w0[i];
      const std::uint64_t p1 = static_cast<std::uint64_t>(PHILOX_M4x32_1) * w2[i];
      w0[i] = high_word(p1) ^ w1[i] ^ k0;
      w1[i] = low_word(p1);
      w2[i] = high_word(p0) ^ w3[i] ^ k1;
      w3[i] = low_word(p0);
    }
    k0 += PHILOX_W32_0;
    k1 += PHILOX_W32_1;
  }
  float z0[kLanes], z1[kLanes], z2[kLanes], z3[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const NormalPair a = box_muller(w0[i], w1[i]);
    z0[i] = a.first;
    z1[i] = a.second;
  }
  for (int i = 0; i < kLanes; ++i) {
    const NormalPair b = box_muller(w2[i], w3[i]);
    z2[i] = b.first;
    z3[i] = b.second;
  }
  for (int i = 0; i < kLanes; ++i) {
    out[4 * i] = z0[i];
    out[4 * i + 1] = z1[i];
    out[4 * i + 2] = z2[i];
    out[4 * i + 3] = z3[i];
  }
}

}  // namespace

std::array<std::uint32_t, 4> philox_block(const std::array<std::uint32_t, 4>& counter, const std::array<std::uint32_t, 2>& key) {
  const r123::Philox4x32::ctr_type c = {{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type k = {{key[0], key[1]}};
  const r123::Philox4x32::ctr_type r = r123::Philox4x32()(c, k);
  return {r[0], r[1], r[2], r[3]};
}

Stream::Stream(std::uint64_t seed, Purpose purpose, std::uint64_t trial, std::uint64_t salt) : trial_(trial) {
  // Hashing keeps neighbouring seeds, purposes and salts apart: no stream of one is a shifted stream of another.
  constexpr std::uint32_t kDomain = 0x73656d6c;  // "seml"
  const auto hash = philox_block({low_word(seed), high_word(seed), low_word(salt), high_word(salt)},
                               {static_cast<std::uint32_t>(purpose), kDomain});
  key_[0] = hash[0];
  key_[1] = hash[1];
}

void Stream::refill() {
  const auto words = philox_block({low_word(block_), high_word(block_), low_word(trial_), high_word(trial_)}, {key_[0], key_[1]});
  std::copy(words.begin(), words.end(), words_);
  ++block_;
  used_ = 0;
}

std::uint32_t Stream::next_u32() {
  if (used_ == 4) refill();
  return words_[used_++];
}

double Stream::uniform() {
  const std::uint64_t high = next_u32() >> 5;  // 27 bits
  const std::uint64_t low = next_u32() >> 6;   // 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

std::uint64_t Stream::below(std::uint64_t bound) {
  // The 2^64 mod bound smallest words would make small results more likely: draw again.
  const std::uint64_t rejected = (0 - bound) % bound;
  std::uint64_t word;
  do {
    const std::uint64_t high = next_u32();
    word = (high << 32) | next_u32();
  } while (word < rejected);
  return word % bound;
}

float Stream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const std::uint32_t radius_word = next_u32();
  const NormalPair pair = box_muller(radius_word, next_u32());
  spare_ = pair.second;
  has_spare_ = true;
  return pair.first;
}

void Stream::normals(std::span<float> out) {
  std::size_t done = 0;
  while (done < out.size() && (has_spare_ || used_ != 4)) out[done++] = normal();
  constexpr std::size_t kBulk = 4 * kLanes;
  for (; out.size() - done >= kBulk; done += kBulk) {
    normals_of_blocks(block_, trial_, key_, out.data() + done);
    block_ += kLanes;
  }
  while (done < out.size()) out[done++] = normal();
}

Symbols Stream::complex_normals(Index num_rows, Index num_cols) {
  Symbols z(num_rows, num_cols);
  // A complex number is stored as two adjacent floats ([complex.numbers]).
  const std::span<float> parts(reinterpret_cast<float*>(z.data()), static_cast<std::size_t>(2 * z.size()));
  normals(parts);
  for (float& part : parts) part *= 0.70710678f;
  return z;
}

}  // namespace semlink
