#include <semlink/data/surface.h>

#include <numbers>

namespace semlink {
namespace {

constexpr float kPlainRadius = 1.5f;  // pixels; below, texture and shading could not be seen

float between(Stream& stream, float low, float high) {
  return low + (high - low) * static_cast<float>(stream.uniform());
}

float log_between(Stream& stream, float low, float high) { return low * std::pow(high / low, between(stream, 0, 1)); }

/// A normal whose deviation varies: sharper peak and heavier tails, as differences in natural images have.
float heavy_normal(Stream& stream) { return stream.normal() * std::exp(0.5f * stream.normal() - 0.25f); }

Colour draw_colour(const Scene& scene, Stream& stream) {
  const float luminance = std::clamp(scene.luminance + scene.luminance_spread * stream.normal(), 0.04f, 1.05f);
  // Dark things have little colour.
  const float chroma = scene.chroma_spread * std::min(1.0f, 0.35f + 1.3f * luminance);
  const float warm = chroma * (scene.warm + 0.16f * heavy_normal(stream));
  const float magenta = chroma * (scene.magenta + 0.075f * heavy_normal(stream));
  const auto part = [](float value) { return std::max(0.0f, value); };
  return {part(luminance + warm / 2 + magenta / 3), part(luminance - 2 * magenta / 3),
          part(luminance - warm / 2 + magenta / 3)};
}

void draw_texture(const Scene& scene, Surface& surface, Stream& stream) {
  const float strength = between(stream, 0, 1);
  surface.texture_gain = scene.texture_gain * 2.5f * strength * strength;
  const float angle = between(stream, 0, std::numbers::pi_v<float>);
  const float texels_per_pixel = log_between(stream, 0.5f, 2.5f);
  // One in three is stretched: grain, stripes, grass.
  const float stretch = stream.uniform() < 0.33 ? log_between(stream, 2, 8) : 1.0f;
  surface.u0 = between(stream, 0, 128);
  surface.v0 = between(stream, 0, 128);
  surface.u_x = texels_per_pixel * std::cos(angle);
  surface.u_y = texels_per_pixel * std::sin(angle);
  surface.v_x = -surface.u_y / stretch;
  surface.v_y = surface.u_x / stretch;
}

void draw_shading(const Scene& scene, float radius, Surface& surface, Stream& stream) {
  surface.inverse_radius = 1 / radius;
  const float tilt = 0.18f / radius;
  surface.slope_x = tilt * stream.normal();
  surface.slope_y = tilt * stream.normal();
  if (stream.uniform() < 0.4) {
    surface.roundness = between(stream, 0.2f, 0.8f);
    surface.slope_x += surface.roundness * scene.light_x / radius;
    surface.slope_y += surface.roundness * scene.light_y / radius;
  }
}

}  // namespace

Scene draw_scene(Stream& stream) {
  Scene scene;
  scene.luminance = std::clamp(0.48f + 0.11f * stream.normal(), 0.15f, 0.85f);
  scene.warm = 0.06f + 0.13f * stream.normal();
  scene.magenta = -0.018f + 0.04f * stream.normal();
  scene.luminance_spread = between(stream, 0.10f, 0.30f);
  scene.chroma_spread = log_between(stream, 0.35f, 1.5f);
  scene.texture_gain = log_between(stream, 0.06f, 0.32f);
  const float angle = between(stream, 0, 2 * std::numbers::pi_v<float>);
  const float height = between(stream, 0.2f, 0.9f);
  scene.light_x = height * std::cos(angle);
  scene.light_y = height * std::sin(angle);
  return scene;
}

Surface draw_surface(const Scene& scene, float radius, Stream& stream) {
  Surface surface;
  surface.base = draw_colour(scene, stream);
  if (radius < kPlainRadius) return surface;
  draw_texture(scene, surface, stream);
  draw_shading(scene, radius, surface, stream);
  return surface;
}

}  // namespace semlink
