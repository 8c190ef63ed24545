#include <semlink/data/noise_texture.h>

#include <cmath>
#include <vector>

#include <semlink/core/rng.h>

namespace semlink {
namespace {

/// Amplitude of an octave relative to the next coarser one; 1 makes the power spectrum 1/f^2.
constexpr float kPersistence = 1.0f;
constexpr int kCoarsest = 4;  // lattice cells per side

float smooth_step(float t) { return t * t * t * (t * (6 * t - 15) + 10); }

/// Periodic value noise: normals on a cells x cells lattice, smoothly interpolated to side x side texels.
void add_octave(int side, int cells, float amplitude, Stream& stream, float* texels) {
  std::vector<float> lattice(cells * cells);
  stream.normals(lattice);
  for (int y = 0; y < side; ++y) {
    const float v = static_cast<float>(y) * cells / side;
    const int row = static_cast<int>(v);
    const float dv = smooth_step(v - row);
    const float* top = &lattice[row * cells];
    const float* bottom = &lattice[(row + 1) % cells * cells];
    for (int x = 0; x < side; ++x) {
      const float u = static_cast<float>(x) * cells / side;
      const int left = static_cast<int>(u);
      const int right = (left + 1) % cells;
      const float du = smooth_step(u - left);
      const float upper = top[left] + du * (top[right] - top[left]);
      const float lower = bottom[left] + du * (bottom[right] - bottom[left]);
      texels[y * side + x] += amplitude * (upper + dv * (lower - upper));
    }
  }
}

}  // namespace

NoiseTexture::NoiseTexture() {
  texels_.fill(0);
  Stream stream(0, Purpose::sample, 0, 0x74657874757265);  // a fixed address: the tile is part of the generator
  float amplitude = 1;
  for (int cells = kCoarsest; cells <= kSide; cells *= 2, amplitude *= kPersistence)
    add_octave(kSide, cells, amplitude, stream, texels_.data());
  double sum = 0;
  double sum_squares = 0;
  for (float texel : texels_) {
    sum += texel;
    sum_squares += static_cast<double>(texel) * texel;
  }
  const double mean = sum / texels_.size();
  const double std_dev = std::sqrt(sum_squares / texels_.size() - mean * mean);
  for (float& texel : texels_) texel = static_cast<float>((texel - mean) / std_dev);
}

}  // namespace semlink
