#pragma once

#include <vector>

#include <semlink/channel/gain_estimate.h>
#include <semlink/channel/ofdm_grid.h>
#include <semlink/channel/ofdm_pilots.h>
#include <semlink/channel/tdl_profile.h>

namespace semlink {

/// Second-order statistics of an OFDM channel, as far as a receiver knows them: a delay profile and a Doppler shift.
/// The covariance of two gains is R_f(difference in frequency) R_t(difference in time), with
///     R_f(d) = sum_l p_l exp(-j 2 pi d tau_l),   R_t(d) = J0(2 pi f_d d).
struct OfdmStatistics {
  std::vector<DelayTap> taps;
  double doppler_hz = 0;
  OfdmGrid grid;

  std::complex<double> over_frequency(Index subcarriers) const;
  double over_time(Index symbols) const;
};

/// Estimates for the data slots of a received OFDM frame: for every pair of an antenna (a column of `y`) and a stream,
/// in this order, pair antenna num_streams + stream. The gains of a pair are those of its stream sent alone with power
/// 1; one stream and one antenna are the plain case. N0_hat and SNR, the mean of |h|^2 over N0, are of all pairs
/// together and stand in each.
using OfdmEstimates = std::vector<GainEstimate>;

/// Least squares: the pilots themselves, straight lines between them over frequency in each OFDM symbol with a full set
/// of pilots, then straight lines over time between those; held at the edges. error_var = N0_hat times the sum of
/// squared weights: the noise alone, not what straight lines cannot follow; that is in N0_hat instead, which comes from
/// each inner pilot against the mean of its two neighbours, as in `estimate_least_squares`. With fewer than three
/// pilots in an OFDM symbol N0_hat comes from the pilots of neighbouring OFDM symbols, and from half the energy where
/// there is only one. Pilots that arrive as exactly 0 were lost on the way: straight lines pass over them, and their
/// neighbours measure no noise; with none left gains are 0, N0_hat is 1 and the SNR kMinSnr.
OfdmEstimates estimate_ofdm_least_squares(const Symbols& y, const OfdmPilots& pilots);

/// Linear minimum-mean-square-error estimate from all full sets of pilots of a pair at once, for a channel of mean 0
/// and power 1 with these statistics: h_hat = C_hp (C_pp + N0_hat)^-1 y_p. The covariance is a product over frequency
/// and time, so its eigenvectors are too, and the inverse costs what the two sides cost. error_var is exactly E|h_hat -
/// h|^2 if statistics and N0_hat are true. N0_hat is that of least squares less what these statistics say that the
/// straight lines miss, and at least a tenth of it. Kay, Estimation Theory, section 12.3; Edfors et al. 1998.
/// Correlation between antennas is not used. Of a pair that lost pilots the matrix of those that arrived is inverted.
OfdmEstimates estimate_ofdm_lmmse(const Symbols& y, const OfdmPilots& pilots, const OfdmStatistics& statistics);

}  // namespace semlink
