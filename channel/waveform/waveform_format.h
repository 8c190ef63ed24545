#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// The grid of a waveform: what both ends know of it without having received anything. A window of samples holds a
/// frame that begins up to `max_delay` symbols late, with room for the tails of the first and the last pulse.
struct WaveformFormat {
  Index samples_per_symbol = 2;
  double rolloff = 0.25;    ///< excess bandwidth of the root-raised cosine, (0, 1]
  Index filter_delay = 12;  ///< symbols from the middle of a pulse to its end
  Index max_delay = 32;     ///< symbols

  /// Samples of the window of a frame of `num_uses` symbols.
  Index num_samples(Index num_uses) const { return (num_uses + margin()) * samples_per_symbol; }
  /// Symbols of the frame in a window of `num_samples`.
  Index num_uses(Index num_samples) const { return num_samples / samples_per_symbol - margin(); }
  /// Sample at which the pulse of the first symbol has its middle, for a frame that is `delay` samples late.
  double first_middle(double delay) const { return static_cast<double>(filter_delay * samples_per_symbol) + delay; }

 private:
  Index margin() const { return 2 * filter_delay + max_delay + 1; }
};

/// What a receiver must find out before it can read a frame.
struct SyncOffsets {
  double delay = 0;  ///< samples from the start of the window to the start of the frame; need not be whole
  double cfo = 0;    ///< carrier frequency offset, cycles per sample
  double phase = 0;  ///< carrier phase at the first sample of the window, radians
};

}  // namespace semlink
