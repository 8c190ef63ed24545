#include <semlink/channel/waveform/liquid_planner.h>

namespace semlink {

std::mutex& liquid_planner() {
  static std::mutex mutex;  // guards a table that is global itself
  return mutex;
}

}  // namespace semlink
