#include <semlink/data/builtin_images.h>

#include <numbers>
#include <string>

#include <semlink/core/error.h>
#include <semlink/data/canvas.h>
#include <semlink/data/leaf_sizes.h>
#include <semlink/data/outline.h>
#include <semlink/data/pixels.h>

namespace semlink {
namespace {

constexpr Index kMinSide = 8;
constexpr Index kMaxSide = 1024;

/// Rotation by an angle and division by half axes: picture offsets to an object's own coordinates.
struct Pose {
  Pose(float angle, float half_x, float half_y)
      : cosine(std::cos(angle)), sine(std::sin(angle)), half_x(half_x), half_y(half_y) {}

  Point turn(float dx, float dy) const { return {cosine * dx + sine * dy, cosine * dy - sine * dx}; }

  float cosine, sine, half_x, half_y;
};

float between(Stream& stream, float low, float high) {
  return low + (high - low) * static_cast<float>(stream.uniform());
}

/// What makes pictures differ from one another besides their objects.
struct Composition {
  explicit Composition(float side, Stream& stream) {
    min_radius = 0.75f * std::pow(3.0f, between(stream, 0, 1));
    max_radius = between(stream, 0.25f, 0.6f) * side;
    // Some pictures are cluttered to the last pixels, most leave a part of their backdrop bare.
    bare = stream.uniform() < 0.35 ? 0.02f : between(stream, 0.05f, 0.8f);
    boxes = stream.uniform() < 0.5 ? 0.0f : between(stream, 0, 1);
    softness = stream.uniform() < 0.85 ? 1.0f : between(stream, 1, 2.5f);
    // Small pictures are mostly larger ones scaled down, which averages over pixels.
    blur = between(stream, 0, 0.8f) * std::min(1.0f, 40 / side);
  }

  float min_radius;
  float max_radius;
  float bare;      ///< share of the picture that leaves do not cover
  float boxes;     ///< share of leaves that are rectangles, not ellipses
  float softness;  ///< width of the leaves' borders in pixels
  float blur;      ///< of the finished picture: weight of its 1-2-1 average
};

void paint_ellipse(Canvas& canvas, const LeafSizes::Leaf& leaf, const Pose& pose, float softness,
                   const Surface& surface, const NoiseTexture& texture) {
  const float inverse_x = 1 / pose.half_x;
  const float inverse_y = 1 / pose.half_y;
  canvas.paint_surface(
      leaf.x, leaf.y, std::max(pose.half_x, pose.half_y), softness, surface, texture, [&](float dx, float dy) {
        const Point p = pose.turn(dx, dy);
        const float x = p.x * inverse_x;
        const float y = p.y * inverse_y;
        // First-order distance: (f - 1) over the length of f's gradient, with f the norm in which the ellipse is a unit
        // circle.
        const float norm = std::sqrt(x * x + y * y);
        const float gradient = std::sqrt(x * x * inverse_x * inverse_x + y * y * inverse_y * inverse_y) + 1e-6f;
        return norm * (norm - 1) / gradient;
      });
}

void paint_box(Canvas& canvas, const LeafSizes::Leaf& leaf, const Pose& pose, float softness, const Surface& surface,
               const NoiseTexture& texture) {
  const float reach = std::hypot(pose.half_x, pose.half_y);
  canvas.paint_surface(leaf.x, leaf.y, reach, softness, surface, texture, [&](float dx, float dy) {
    const Point p = pose.turn(dx, dy);
    return std::max(std::abs(p.x) - pose.half_x, std::abs(p.y) - pose.half_y);
  });
}

void paint_leaf(Canvas& canvas, const LeafSizes::Leaf& leaf, const Composition& composition, const Scene& scene,
                const NoiseTexture& texture, Stream& stream) {
  const Surface surface = draw_surface(scene, leaf.radius, stream);
  const bool box = stream.uniform() < composition.boxes;
  // Up to 1:3 about the same area; a box needs half axes smaller by sqrt(pi) / 2 for that, and stays within kReach.
  const float elongation = std::sqrt(between(stream, 1, 3));
  const float size = leaf.radius * (box ? 0.886f : 1.0f);
  const Pose pose(between(stream, 0, std::numbers::pi_v<float>), size * elongation, size / elongation);
  if (box)
    paint_box(canvas, leaf, pose, composition.softness, surface, texture);
  else
    paint_ellipse(canvas, leaf, pose, composition.softness, surface, texture);
}

/// Luminance contrast of a surface to the scene's mean, with colour differences at half weight.
float contrast(const Surface& surface, const Scene& scene) {
  const Colour& c = surface.base;
  const float luminance = (c.red + c.green + c.blue) / 3;
  return std::abs(luminance - scene.luminance) +
         0.5f * (std::abs(c.red - c.blue - scene.warm) + std::abs((c.red + c.blue) / 2 - c.green - scene.magenta));
}

/// Of three surfaces the one that stands out most.
Surface draw_foreground_surface(const Scene& scene, float radius, Stream& stream) {
  Surface best = draw_surface(scene, radius, stream);
  for (int i = 0; i < 2; ++i) {
    const Surface other = draw_surface(scene, radius, stream);
    if (contrast(other, scene) > contrast(best, scene)) best = other;
  }
  return best;
}

void paint_foreground(Canvas& canvas, Outline outline, const Scene& scene, const NoiseTexture& texture,
                      Stream& stream) {
  const float side = static_cast<float>(std::min(canvas.height(), canvas.width()));
  const float radius = between(stream, 0.25f, 0.45f) * side;
  const float squeeze = between(stream, 0.8f, 1);
  const Pose pose(between(stream, 0, 2 * std::numbers::pi_v<float>), radius, radius * squeeze);
  const float margin = 0.85f * radius;  // a corner may leave the picture
  const float x = between(stream, margin, static_cast<float>(canvas.width()) - margin) - 0.5f;
  const float y = between(stream, margin, static_cast<float>(canvas.height()) - margin) - 0.5f;
  const Surface surface = draw_foreground_surface(scene, radius, stream);
  const OutlineDistance shape(outline);
  const auto distance = [&](float dx, float dy) {
    const Point p = pose.turn(dx, dy);
    return pose.half_y * shape({p.x / pose.half_x, p.y / pose.half_y});
  };
  canvas.paint_surface(x, y, radius, 1, surface, texture, distance);
  if (stream.uniform() < 0.6) {
    const float length = between(stream, 0.05f, 0.25f) * radius;
    canvas.paint_shadow(x - length * scene.light_x, y - length * scene.light_y, radius, 1 + length,
                        between(stream, 0.2f, 0.7f), distance);
  }
}

void paint_leaves(Canvas& canvas, const Composition& composition, const Scene& scene, const NoiseTexture& texture,
                  Stream& stream) {
  const LeafSizes sizes(static_cast<float>(canvas.width()), static_cast<float>(canvas.height()), composition.min_radius,
                        composition.max_radius);
  // Each leaf covers some of what is left with fair probability; the bound only stops a picture that rounding keeps
  // open.
  const Index limit = 100 * canvas.width() * canvas.height();
  for (Index i = 0; i < limit && canvas.open_fraction() > composition.bare; ++i) {
    const LeafSizes::Leaf leaf = sizes.draw(stream);
    if (canvas.sees(leaf.x, leaf.y, LeafSizes::kReach * leaf.radius))
      paint_leaf(canvas, leaf, composition, scene, texture, stream);
  }
}

/// Weighted mean of each colour and its 1-2-1 average along a line of pixels `step` apart; borders repeat.
void blur_line(Colour* line, Index count, Index step, float weight) {
  Colour before = line[0];
  for (Index i = 0; i < count; ++i) {
    const Colour here = line[i * step];
    const Colour after = line[std::min(i + 1, count - 1) * step];
    const auto mixed = [weight](float a, float b, float c) { return b + weight * (0.25f * (a + c) - 0.5f * b); };
    line[i * step] = {mixed(before.red, here.red, after.red), mixed(before.green, here.green, after.green),
                      mixed(before.blue, here.blue, after.blue)};
    before = here;
  }
}

/// The finished picture, blurred as by a lens and rounded to 8 bits.
Image develop(const Canvas& canvas, float blur) {
  const Index height = canvas.height();
  const Index width = canvas.width();
  std::vector<Colour> colours = canvas.colours();
  for (Index y = 0; y < height; ++y) blur_line(&colours[y * width], width, 1, blur);
  for (Index x = 0; x < width; ++x) blur_line(&colours[x], height, width, blur);
  Image image{height, width, std::vector<float>(3 * height * width)};
  float* out = image.values.data();
  for (const Colour& c : colours)
    for (const float value : {c.red, c.green, c.blue}) *out++ = from_byte(to_byte(value));
  return image;
}

Index checked_side(const char* key, Index side) {
  if (side < kMinSide || side > kMaxSide)
    throw Error(ErrorCode::bad_scenario, std::string(key) + " = " + std::to_string(side) + ": expected [8, 1024]");
  return side;
}

}  // namespace

BuiltinImages::BuiltinImages(Index height, Index width, Split split)
    : height_(checked_side("source.height", height)),
      width_(checked_side("source.width", width)),
      // Any constant that differs per split; the test split has 0, so that its salt is the trial's own.
      split_salt_(split == Split::test ? 0 : 0x73706c6974000000u + static_cast<std::uint64_t>(split)) {}

std::vector<std::string> BuiltinImages::class_names() const { return outline_names(); }

Sample BuiltinImages::sample(const TrialRng& rng) const {
  Stream stream(rng.seed, Purpose::sample, rng.trial, rng.salt ^ split_salt_);
  const int label = static_cast<int>(stream.below(kNumOutlines));
  const auto side = static_cast<float>(std::max(height_, width_));
  const Composition composition(side, stream);
  const Scene scene = draw_scene(stream);
  Canvas canvas(height_, width_);
  paint_foreground(canvas, static_cast<Outline>(label), scene, texture_, stream);
  paint_leaves(canvas, composition, scene, texture_, stream);
  canvas.paint_backdrop(draw_surface(scene, side, stream), texture_);
  return {.id = static_cast<std::int64_t>(rng.trial), .image = develop(canvas, composition.blur), .label = label};
}

}  // namespace semlink
