#pragma once

#include <algorithm>
#include <cmath>

#include <semlink/core/rng.h>
#include <semlink/data/noise_texture.h>

namespace semlink {

struct Colour {
  float red = 0;
  float green = 0;
  float blue = 0;
};

/// What the objects of one picture have in common: a palette and the light. Colours are luminance (mean of the three)
/// and two opponent axes, warm (red - blue) and magenta ((red + blue) / 2 - green), which natural scenes use far less
/// than luminance (Ruderman, Cronin and Chiao 1998).
struct Scene {
  float luminance = 0.5f;
  float warm = 0;
  float magenta = 0;
  float luminance_spread = 0.2f;  ///< deviation of the objects' luminance about the scene's
  float chroma_spread = 1;        ///< factor on the deviation of the objects' opponent colours
  float texture_gain = 0.2f;      ///< typical relative strength of texture
  float light_x = 0;              ///< direction towards the light in the picture's plane; its length is below 1
  float light_y = -0.5f;
};

Scene draw_scene(Stream& stream);

/// Colour, texture and shading of one object.
struct Surface {
  Colour base;
  float texture_gain = 0;          ///< texture multiplies the colour by 1 + texture_gain * noise
  float u0 = 0, u_x = 0, u_y = 0;  ///< texture coordinates: u = u0 + u_x dx + u_y dy, v alike
  float v0 = 0, v_x = 0, v_y = 0;
  float slope_x = 0;  ///< brightness gradient, per pixel
  float slope_y = 0;
  float roundness = 0;       ///< strength of a ball's shading: brightest at the middle, dark at the rim
  float inverse_radius = 0;  ///< of the object

  Colour colour(float dx, float dy, const NoiseTexture& texture) const {
    float gain = 1 + slope_x * dx + slope_y * dy;
    if (roundness > 0) {
      const float rim = inverse_radius * inverse_radius * (dx * dx + dy * dy);
      gain += roundness * (std::sqrt(std::max(0.0f, 1 - rim)) - 0.7f);
    }
    if (texture_gain > 0) gain += texture_gain * texture.at(u0 + u_x * dx + u_y * dy, v0 + v_x * dx + v_y * dy);
    gain = std::max(0.0f, gain);
    return {base.red * gain, base.green * gain, base.blue * gain};
  }
};

/// Draws the surface of an object of the given radius in pixels. Objects smaller than a few pixels are plain.
Surface draw_surface(const Scene& scene, float radius, Stream& stream);

}  // namespace semlink
