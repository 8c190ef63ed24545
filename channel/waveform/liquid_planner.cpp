#include <semlink/channel/waveform/liquid_planner.h>

// Of FFTW 3, whose header comes with a package of its own.
extern "C" void fftwf_set_timelimit(double seconds);

namespace semlink {
namespace {

struct Planner {
  // liquid-dsp asks FFTW for the fastest of many plans, as the clock says, and plans differ in their rounding. Without
  // time to measure FFTW takes the plan that it estimates to be the fastest, which is the same in every run.
  Planner() { fftwf_set_timelimit(0); }
  std::mutex mutex;
};

}  // namespace

std::mutex& liquid_planner() {
  static Planner planner;  // guards a table that is global itself
  return planner.mutex;
}

}  // namespace semlink
