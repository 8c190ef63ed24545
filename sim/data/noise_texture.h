#pragma once

#include <array>

namespace semlink {

/// A tile of smooth random texture that repeats seamlessly: octaves of value noise, zero mean, unit variance. The same
/// in every run; objects differ by where, how large and how stretched they cut their piece from it.
class NoiseTexture {
 public:
  NoiseTexture();

  /// Bilinear value at (u, v) in texels; both above -kBias.
  float at(float u, float v) const {
    const float biased_u = u + kBias;
    const float biased_v = v + kBias;
    const int column = static_cast<int>(biased_u);
    const int row = static_cast<int>(biased_v);
    const float du = biased_u - static_cast<float>(column);
    const float dv = biased_v - static_cast<float>(row);
    const float* top = &texels_[(row & kMask) * kSide];
    const float* bottom = &texels_[((row + 1) & kMask) * kSide];
    const int left = column & kMask;
    const int right = (column + 1) & kMask;
    const float upper = top[left] + du * (top[right] - top[left]);
    const float lower = bottom[left] + du * (bottom[right] - bottom[left]);
    return upper + dv * (lower - upper);
  }

 private:
  static constexpr int kSide = 128;
  static constexpr int kMask = kSide - 1;
  static constexpr float kBias = 8192;  ///< a multiple of kSide that makes truncation round down

  std::array<float, kSide * kSide> texels_;
};

}  // namespace semlink
