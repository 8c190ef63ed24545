#include <semlink/data/outline.h>

#include <algorithm>

namespace semlink {
namespace {

// Corners within the unit circle, y down as in images.
constexpr std::array<Point, 4> kSquare{{{-0.7f, -0.7f}, {0.7f, -0.7f}, {0.7f, 0.7f}, {-0.7f, 0.7f}}};
constexpr std::array<Point, 3> kTriangle{{{0, -1}, {0.866f, 0.5f}, {-0.866f, 0.5f}}};
constexpr std::array<Point, 10> kStar{{{0, -1},
                                       {0.2245f, -0.309f},
                                       {0.9511f, -0.309f},
                                       {0.3633f, 0.118f},
                                       {0.5878f, 0.809f},
                                       {0, 0.382f},
                                       {-0.5878f, 0.809f},
                                       {-0.3633f, 0.118f},
                                       {-0.9511f, -0.309f},
                                       {-0.2245f, -0.309f}}};
constexpr float kArm = 0.3f;     // half the width of an arm of the cross
constexpr float kReach = 0.95f;  // and its length from the centre
constexpr std::array<Point, 12> kCross{{{-kArm, -kReach},
                                        {kArm, -kReach},
                                        {kArm, -kArm},
                                        {kReach, -kArm},
                                        {kReach, kArm},
                                        {kArm, kArm},
                                        {kArm, kReach},
                                        {-kArm, kReach},
                                        {-kArm, kArm},
                                        {-kReach, kArm},
                                        {-kReach, -kArm},
                                        {-kArm, -kArm}}};
constexpr std::array<Point, 7> kArrow{
    {{0, -1}, {0.8f, -0.1f}, {0.28f, -0.1f}, {0.28f, 0.95f}, {-0.28f, 0.95f}, {-0.28f, -0.1f}, {-0.8f, -0.1f}}};
constexpr std::array<Point, 6> kBolt{
    {{0.35f, -0.93f}, {-0.65f, 0.15f}, {-0.08f, 0.15f}, {-0.35f, 0.93f}, {0.65f, -0.15f}, {0.08f, -0.15f}}};
constexpr std::array<Point, 6> kBowTie{
    {{-0.9f, -0.43f}, {0, -0.12f}, {0.9f, -0.43f}, {0.9f, 0.43f}, {0, 0.12f}, {-0.9f, 0.43f}}};

std::span<const Point> corners_of(Outline outline) {
  switch (outline) {
    case Outline::square:
      return kSquare;
    case Outline::triangle:
      return kTriangle;
    case Outline::star:
      return kStar;
    case Outline::cross:
      return kCross;
    case Outline::arrow:
      return kArrow;
    case Outline::bolt:
      return kBolt;
    case Outline::bow_tie:
      return kBowTie;
    case Outline::disc:
    case Outline::ring:
    case Outline::crescent:
      break;
  }
  return {};
}

/// Distance to the nearest edge; the sign flips with every edge that a ray from p to the right crosses.
float polygon_distance(std::span<const Point> corners, Point p) {
  float nearest_squared = 1e9f;
  bool inside = false;
  Point from = corners.back();
  for (const Point to : corners) {
    const Point edge{to.x - from.x, to.y - from.y};
    const Point offset{p.x - from.x, p.y - from.y};
    const float along = (offset.x * edge.x + offset.y * edge.y) / (edge.x * edge.x + edge.y * edge.y);
    const float t = std::clamp(along, 0.0f, 1.0f);
    const float dx = offset.x - t * edge.x;
    const float dy = offset.y - t * edge.y;
    nearest_squared = std::min(nearest_squared, dx * dx + dy * dy);
    const bool crosses = (from.y > p.y) != (to.y > p.y);
    if (crosses && p.x < from.x + (p.y - from.y) / edge.y * edge.x) inside = !inside;
    from = to;
  }
  const float distance = std::sqrt(nearest_squared);
  return inside ? -distance : distance;
}

float circle_distance(Point p, float centre_x, float radius) { return std::hypot(p.x - centre_x, p.y) - radius; }

}  // namespace

std::vector<std::string> outline_names() {
  return {"disc", "square", "triangle", "star", "ring", "cross", "crescent", "arrow", "bolt", "bow_tie"};
}

OutlineDistance::OutlineDistance(Outline outline) : outline_(outline), corners_(corners_of(outline)) {}

float OutlineDistance::operator()(Point p) const {
  if (!corners_.empty()) return polygon_distance(corners_, p);
  const float disc = circle_distance(p, 0, 1);
  if (outline_ == Outline::ring) return std::max(disc, -circle_distance(p, 0, 0.55f));
  if (outline_ == Outline::crescent) return std::max(disc, -circle_distance(p, 0.5f, 0.8f));
  return disc;
}

}  // namespace semlink
