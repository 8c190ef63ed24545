#pragma once

#include <mutex>

namespace semlink {

/// Held while a liquid-dsp object that holds a Fourier transform is made or destroyed: FFTW plans with one table for
/// the whole process, without a lock of its own. Running the objects needs none. The first call also has FFTW choose
/// its plans without measuring times, so that a process computes what the one before it did, to the bit.
std::mutex& liquid_planner();

}  // namespace semlink
