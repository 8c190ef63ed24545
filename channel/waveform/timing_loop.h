#pragma once

#include <semlink/channel/waveform/waveform_format.h>

namespace semlink {

/// Follows a sampling clock that runs away, by liquid-dsp's symsync: a bank of matched filters whose choice a loop
/// moves by the product of their output with its slope, which needs no decisions and so serves analog symbols too. The
/// loop begins where the preamble says, to 1/32 of a sample, and settles on the preamble, which it hears twice ahead of
/// the frame. Its own jitter lets neighbours in: with the default bandwidth 0.3 % more noise at 10 dB than a fixed
/// delay has where the clock is right, 0.7 % at 20 dB, 7 % at 30 dB.
class TimingLoop {
 public:
  /// `bandwidth` of the loop over the symbol rate, in (0, 0.1].
  TimingLoop(const WaveformFormat& format, double bandwidth) : format_(format), bandwidth_(bandwidth) {}

  /// One symbol per use of the packet, [num_uses, 1], from samples without their carrier. `delay`: where the packet
  /// starts by the detector's estimate; which output is its first symbol follows from `preamble`. A packet that ends
  /// early has zeros after it.
  Symbols track(const Symbols& samples, double delay, const Symbols& preamble, Index num_uses) const;

 private:
  WaveformFormat format_;
  double bandwidth_;
};

}  // namespace semlink
