#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <semlink/core/types.h>
#include <semlink/data/surface.h>

namespace semlink {

/// A picture that is painted from front to back: every pixel keeps how much of what lies behind still shows through,
/// and what is covered costs nothing more. Pixel centres are at whole coordinates.
class Canvas {
 public:
  Canvas(Index height, Index width)
      : height_(height),
        width_(width),
        colours_(height * width),
        open_(height * width, 1.0f),
        open_total_(static_cast<double>(height * width)) {}

  Index height() const { return height_; }
  Index width() const { return width_; }
  /// Share of the picture that is still to be covered.
  double open_fraction() const { return open_total_ / static_cast<double>(height_ * width_); }

  /// Whether anything painted at most `reach` from (x, y), softened border included, could be seen.
  bool sees(float x, float y, float reach) const {
    const Box box = box_around(x, y, reach);
    for (Index row = box.top; row < box.bottom; ++row)
      for (Index column = box.left; column < box.right; ++column)
        if (open_[row * width_ + column] > kClosed) return true;
    return false;
  }

  /// Paints what lies within `reach` of (x, y). `distance(dx, dy)` is the signed distance in pixels to the border at an
  /// offset from (x, y), negative inside; the border is a ramp `softness` pixels wide (1: anti-aliased, more: out of
  /// focus).
  template <typename Distance, typename Paint>
  void paint(float x, float y, float reach, float softness, const Distance& distance, const Paint& paint) {
    const Box box = box_around(x, y, reach + 0.5f * softness);
    const float slope = 1 / softness;
    for (Index row = box.top; row < box.bottom; ++row) {
      const float dy = static_cast<float>(row) - y;
      for (Index column = box.left; column < box.right; ++column) {
        float& open = open_[row * width_ + column];
        if (open <= kClosed) continue;
        const float dx = static_cast<float>(column) - x;
        const float cover = std::min(1.0f, 0.5f - slope * distance(dx, dy));
        if (cover <= 0) continue;
        paint(dx, dy, cover, colours_[row * width_ + column], open);
      }
    }
  }

  /// Paints an object with a surface.
  template <typename Distance>
  void paint_surface(float x, float y, float reach, float softness, const Surface& surface, const NoiseTexture& texture,
                     const Distance& distance) {
    paint(x, y, reach, softness, distance, [&](float dx, float dy, float cover, Colour& colour, float& open) {
      const float weight = open * cover;
      const Colour seen = surface.colour(dx, dy, texture);
      colour.red += weight * seen.red;
      colour.green += weight * seen.green;
      colour.blue += weight * seen.blue;
      open -= weight;
      open_total_ -= weight;
    });
  }

  /// Darkens what lies behind a shape: takes away the share `strength` of what would show through.
  template <typename Distance>
  void paint_shadow(float x, float y, float reach, float softness, float strength, const Distance& distance) {
    paint(x, y, reach, softness, distance, [&](float, float, float cover, Colour&, float& open) {
      const float weight = open * cover * strength;
      open -= weight;
      open_total_ -= weight;
    });
  }

  /// Fills what is still open with a backdrop whose coordinates start at the centre of the picture.
  void paint_backdrop(const Surface& surface, const NoiseTexture& texture) {
    paint_surface(0.5f * (width_ - 1), 0.5f * (height_ - 1), static_cast<float>(width_ + height_), 1, surface, texture,
                  [](float, float) { return -1.0f; });
  }

  const std::vector<Colour>& colours() const { return colours_; }

 private:
  static constexpr float kClosed = 1.0f / 512;  // what shows through less than this changes no 8-bit value

  struct Box {
    Index top, bottom, left, right;
  };

  Box box_around(float x, float y, float reach) const {
    const auto low = [](float v) { return std::max<Index>(0, static_cast<Index>(std::ceil(v))); };
    const auto high = [](float v, Index limit) { return std::min(limit, static_cast<Index>(std::floor(v)) + 1); };
    return {low(y - reach), high(y + reach, height_), low(x - reach), high(x + reach, width_)};
  }

  Index height_;
  Index width_;
  std::vector<Colour> colours_;  // sum of what is seen so far, weighted by how much of it is seen
  std::vector<float> open_;      // share that still shows through, 1 at the start
  double open_total_;
};

}  // namespace semlink
