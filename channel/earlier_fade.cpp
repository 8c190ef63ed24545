#include <semlink/channel/earlier_fade.h>

#include <cmath>

namespace semlink {

Symbols earlier_fade(const Symbols& now, const Symbols& other, double correlation) {
  if (correlation == 1) return now;
  return static_cast<float>(correlation) * now + static_cast<float>(std::sqrt(1 - correlation * correlation)) * other;
}

}  // namespace semlink
