#pragma once

#include <optional>

#include <semlink/channel/waveform/waveform_format.h>

namespace semlink {

/// Finds a known preamble in a window of samples by liquid-dsp's qdetector: correlation with the shaped preamble in the
/// frequency domain over a grid of carrier offsets, the first peak above a threshold, a parabola through its neighbours
/// for the fraction of a sample, and the phase of what remains. It looks for the first frame only: what crosses the
/// threshold earlier is taken for it.
class PacketDetector {
 public:
  struct Options {
    /// Of the correlation, over the geometric mean of the energies of preamble and samples; about
    /// sqrt(SNR / (S + SNR)) is reached with S samples per symbol.
    double threshold = 0.35;
    double max_cfo = 0.01;  ///< largest offset that is looked for, cycles per symbol
  };

  PacketDetector(const WaveformFormat& format, const Symbols& preamble, const Options& options)
      : format_(format), preamble_(preamble), options_(options) {}

  /// Where the frame starts, or nothing. `samples`: [num_samples, 1].
  std::optional<SyncOffsets> detect(const Symbols& samples) const;

 private:
  WaveformFormat format_;
  Symbols preamble_;
  Options options_;
};

}  // namespace semlink
