#pragma once

#include <Eigen/Core>

#include <semlink/channel/waveform/packet.h>

namespace semlink {

/// The carrier over a packet, as a receiver sees it after it has taken the detector's estimates out.
struct CarrierPhase {
  Eigen::VectorXf phase;      ///< radians per use of the packet, [num_uses]
  Eigen::VectorXf error_var;  ///< variance of what this estimate is wrong by, rad^2, [num_uses]
};

/// A straight line of phase over time from all that is known of the packet, preamble and pilots. liquid-dsp's
/// qpilotsync starts it, from four pilots up: the peak of the pilots' spectrum, which needs no phase to be unwrapped.
/// Then steps of Newton's method to the likeliest line (maximum of Re sum z_k exp(-j (a + b k)), z_k what arrived over
/// what was sent), which are least squares of Im / mean Re. The error follows from what the line leaves of Im, as that
/// of any regression; what is not a line (phase noise, a fade that turns) is left to pilots of the front end.
///
/// `received`: [num_uses], after the matched filter. A packet without anything known has phase 0 and error 0.
CarrierPhase estimate_carrier_phase(const Symbols& received, const Packet& packet);

}  // namespace semlink
