#pragma once

#include <string>
#include <vector>

namespace semlink {

/// One path of a tapped delay line.
struct DelayTap {
  double delay_s;
  double power;         ///< linear; the powers of a profile sum to 1
  bool direct = false;  ///< the line-of-sight path: constant magnitude, Doppler shift 0.7 f_d
};

/// Names that `tdl_taps` knows: tdl_a to tdl_e, tdla30, tdlb100, tdlc300.
const std::vector<std::string>& tdl_names();

/// Whether the delays of the profile scale with a delay spread (tdl_a to tdl_e).
bool tdl_is_scalable(const std::string& name);

/// Taps of a 3GPP profile in the order of its table (delays are not sorted), powers normalised to sum 1. tdl_a to
/// tdl_e: 3GPP TR 38.901 V16.1.0, tables 7.7.2-1 to 7.7.2-5, delays times `delay_spread_s` (at least 0; the RMS delay
/// spread, but for tdl_d, whose table has 0.9937 of it). The first tap of tdl_d and tdl_e is two entries, the direct
/// path and its scattered part. tdla30, tdlb100, tdlc300: 3GPP TS 38.104 V16.4.0, tables G.2.1.1-2 to G.2.1.1-4, which
/// fix the delays. Throws Error(bad_argument) for another name or a negative delay spread.
std::vector<DelayTap> tdl_taps(const std::string& name, double delay_spread_s);

/// Root mean square of the delays around their mean, weighted by power, in seconds.
double rms_delay_spread(const std::vector<DelayTap>& taps);

}  // namespace semlink
