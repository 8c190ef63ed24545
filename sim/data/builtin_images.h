#pragma once

#include <semlink/data/noise_texture.h>
#include <semlink/data/source.h>
#include <semlink/data/split.h>

namespace semlink {

/// Procedural images with the statistics of natural ones, without end and without files: dead leaves, that is objects
/// that hide one another, with radii of density r^-3 (Lee, Mumford and Huang 2001), each with its own colour, texture
/// and shading, and in front a shape with random pose, colour and texture whose outline is the label.
///
/// An image is a function of (seed, trial, salt) and split; different splits share no image. Its values are whole 8-bit
/// steps.
class BuiltinImages final : public Source {
 public:
  /// Sides in pixels, 8 to 1024. Throws Error(bad_scenario) outside.
  BuiltinImages(Index height, Index width, Split split);

  Sample sample(const TrialRng& rng) const override;
  Index size() const override { return 0; }
  std::vector<std::string> class_names() const override;

 private:
  Index height_;
  Index width_;
  std::uint64_t split_salt_;
  NoiseTexture texture_;
};

}  // namespace semlink
