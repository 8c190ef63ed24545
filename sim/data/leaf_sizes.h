#pragma once

#include <array>
#include <cmath>

#include <semlink/core/rng.h>

namespace semlink {

/// Radii and places of dead leaves that touch a picture: a Poisson process of uniform intensity in the plane with
/// radius density r^-3 on [r_min, r_max], cut down to the leaves whose bounding circle (kReach r) reaches the picture.
///
/// A leaf of radius r is kept with the area (W + 2 kReach r)(H + 2 kReach r) of its possible places, so its radius has
/// the density W H r^-3 + 2 kReach (W + H) r^-2 + 4 kReach^2 r^-1: a mixture of three power laws, each drawn by
/// inversion.
class LeafSizes {
 public:
  static constexpr float kReach = 1.75f;  ///< bounding radius over radius of the most elongated leaf

  LeafSizes(float width, float height, float r_min, float r_max)
      : width_(width), height_(height), r_min_(r_min), r_max_(r_max) {
    const float a = 1 / r_min;
    const float b = 1 / r_max;
    const float cubic = width * height * (a * a - b * b) / 2;
    const float square = 2 * kReach * (width + height) * (a - b);
    const float linear = 4 * kReach * kReach * std::log(r_max / r_min);
    const float sum = cubic + square + linear;
    cubic_share_ = cubic / sum;
    square_share_ = square / sum;
  }

  struct Leaf {
    float x, y, radius;
  };

  Leaf draw(Stream& stream) const {
    const float component = uniform(stream);
    const float t = uniform(stream);
    Leaf leaf;
    leaf.radius = radius(component, t);
    const float margin = kReach * leaf.radius;
    leaf.x = -margin + uniform(stream) * (width_ + 2 * margin) - 0.5f;
    leaf.y = -margin + uniform(stream) * (height_ + 2 * margin) - 0.5f;
    return leaf;
  }

 private:
  static float uniform(Stream& stream) { return static_cast<float>(stream.next_u32() >> 8) * 0x1p-24f; }

  float radius(float component, float t) const {
    const float a = 1 / r_min_;
    const float b = 1 / r_max_;
    if (component < cubic_share_) return 1 / std::sqrt(a * a + t * (b * b - a * a));
    if (component < cubic_share_ + square_share_) return 1 / (a + t * (b - a));
    return r_min_ * std::pow(r_max_ / r_min_, t);
  }

  float width_, height_, r_min_, r_max_;
  float cubic_share_, square_share_;
};

}  // namespace semlink
