#pragma once

#include <semlink/channel/front_end.h>
#include <semlink/channel/pilot_pattern.h>

namespace semlink {

/// How a gain between pilots is made from the gains at the pilots.
enum class Interpolation {
  average,  ///< one gain for the frame: the mean of all pilots; right for block fading
  linear,   ///< a straight line between the two neighbouring pilots; for gains that move slowly against the pilot
            ///< spacing
};

/// What the pilots of a frame say about the channel.
struct GainEstimate {
  Eigen::VectorXcf gain;      ///< h_hat per symbol, [num_uses]
  Eigen::VectorXf error_var;  ///< E|h_hat - h|^2 per symbol, [num_uses]
  double noise_var = 0;       ///< estimate of N0 and of all that the interpolation cannot follow
  double snr = 0;             ///< estimate of mean |h|^2 over that noise, linear; kMinSnr to kMaxSnr
};

/// Range of a reported SNR estimate, linear (-30 dB to 60 dB): an estimate of zero signal or zero noise is not a
/// measurement. N0_hat is kept at mean |h_hat|^2 / kMaxSnr or more.
inline constexpr double kMinSnr = 1e-3;
inline constexpr double kMaxSnr = 1e6;

/// Least-squares estimate from the pilots of the received frame `y`: h_hat = sum_k w_k y_k with the weights of the
/// interpolation; error_var = N0_hat sum_k w_k^2.
///
/// N0_hat comes from what the pilots do not explain, corrected for the degrees of freedom nu that the gain took: with
/// `average` sum |y_k - mean|^2 / nu, nu = num_pilots - 1; with `linear` and three pilots or more the mean of |e_k|^2 /
/// (1 + a^2 + b^2), e_k = y_k - a y_{k-1} - b y_{k+1} with a, b of the straight line through the neighbours, nu =
/// num_pilots - 2. Both are unbiased for a constant gain. Where the gain moves in a way that the interpolation cannot
/// follow (above all with a new gain for every symbol), the rest goes into N0_hat: the receiver then reports a low SNR
/// and large noise variances, which is the truth about what it can use. With two pilots nu is 1 and N0_hat is
/// exponentially distributed; one pilot (an empty frame) cannot tell gain from noise: its energy is taken as half
/// noise, that is 0 dB.
///
/// A pilot that arrives as exactly 0 was lost on the way and is as if it had not been sent: straight lines then span
/// the gap, and hold the nearest pilot where there is none on one side. With no pilot left nothing is known: gain 0,
/// error_var 1, N0_hat 1, kMinSnr.
///
/// SNR estimate: (nu - 1) / nu mean|h_hat|^2 / N0_hat - mean sum w_k^2, which is unbiased for nu >= 2 (without the
/// first factor below that), limited to [kMinSnr, kMaxSnr].
GainEstimate estimate_least_squares(const Symbols& y, const PilotPattern& pattern, Interpolation interpolation);

/// Linear minimum-mean-square-error estimate from the least-squares one for a gain of mean 0 and power 1 (E|h|^2 = 1 is
/// what this receiver knows of the statistics): h_hat -> h_hat / (1 + v), error_var -> v / (1 + v), v = error_var. For
/// `average` this equals the full LMMSE estimate from all pilots, num_pilots / (num_pilots + N0) times their mean. Kay,
/// Estimation Theory, section 12.3.
GainEstimate shrink_to_lmmse(GainEstimate least_squares);

}  // namespace semlink
