#pragma once

#include <optional>
#include <vector>

#include <semlink/channel/doppler.h>
#include <semlink/channel/ofdm_grid.h>
#include <semlink/channel/tdl_profile.h>

namespace semlink {

/// The gain of one tap as it moves, E|g|^2 = its power: a `DopplerProcess`, or for a direct path a constant magnitude
/// whose phase starts anywhere and turns at 0.7 f_d.
class TapProcess {
 public:
  /// `doppler_hz`: f_d, at least 0.
  TapProcess(const DelayTap& tap, double doppler_hz, Stream& stream);

  /// g(start_s), g(start_s + step_s), ... [num_values]; more values begin with those of fewer.
  Eigen::VectorXcf values(double start_s, double step_s, Index num_values) const;

 private:
  float amplitude_;
  double turn_ = 0;   ///< of a direct path, in radians per second
  double phase_ = 0;  ///< of a direct path
  std::optional<DopplerProcess> scattered_;
};

/// What a delay does to every subcarrier: exp(-j 2 pi f_k tau_l), [num_taps, num_subcarriers].
RowMatrix<std::complex<double>> delay_phases(const std::vector<DelayTap>& taps, const OfdmGrid& grid);

}  // namespace semlink
