#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace semlink {

struct Point {
  float x = 0;
  float y = 0;
};

/// The foreground shapes of the built-in images; the position in this list is the class.
enum class Outline { disc, square, triangle, star, ring, cross, crescent, arrow, bolt, bow_tie };
inline constexpr int kNumOutlines = 10;

std::vector<std::string> outline_names();

/// Signed distance to the border of a shape of circumscribed radius 1 about the origin, negative inside. Exact for
/// polygons; for ring and crescent exact in sign and at the border, a lower bound elsewhere.
class OutlineDistance {
 public:
  explicit OutlineDistance(Outline outline);
  float operator()(Point p) const;

 private:
  Outline outline_;
  std::span<const Point> corners_;  ///< of polygons, in order; empty for the round shapes
};

}  // namespace semlink
