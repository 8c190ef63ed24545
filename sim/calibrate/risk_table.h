#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include <semlink/calibrate/settings.h>
#include <semlink/link/link.h>

namespace semlink::calibrate {

/// What every trial lost and cost under every candidate. Trials are independent: each has a sample, a point of the mix
/// and a channel draw of its own.
struct RiskTable {
  RowMatrix<double> loss;          ///< in [0, 1], [num_trials, num_candidates]
  RowMatrix<double> decline;       ///< how much better `always_open` was: dB, or 1, 0, -1 for classes; same shape
  RowMatrix<double> macs;          ///< of the receiver, gates included; same shape
  Eigen::VectorXd full_macs;       ///< of the receiver under `always_open`, [num_trials]
  std::vector<std::size_t> point;  ///< of the mix

  Index num_trials() const { return loss.rows(); }
  Index num_candidates() const { return loss.cols(); }
  /// The table of these trials only, in this order.
  RiskTable rows(const std::vector<Index>& trials) const;
};

/// What `measure_risks` runs. Points of the mix are equally likely.
struct RiskRequest {
  std::size_t num_points = 1;
  std::size_t num_candidates = 1;
  /// The link of a point whose gate is a candidate. Called from one thread.
  std::function<Link(std::size_t point, std::size_t candidate)> make_link;
  Loss loss = Loss::psnr;
  std::uint64_t seed = 1;
  std::uint64_t salt = 0;  ///< of all random numbers: fresh data need channel draws of their own
  Index num_trials = 0;
  int num_threads = 1;
  /// Told the number of trials done, now and then, from one thread at a time; may be empty.
  std::function<void(Index done)> progress;
};

/// Runs the trials. Each sends once and is received once under `always_open` and once for every depth at which some
/// candidate stops; the figures are those that `run_trial` gives under each candidate alone. The same for any number of
/// threads. Throws Error(bad_scenario) when the source has fewer samples than there are trials (they would not be
/// independent), the codec gives no image or class to judge, or the candidates need different things of the codec;
/// Error(interrupted) when `stop` becomes true.
RiskTable measure_risks(const RiskRequest& request, const std::atomic<bool>& stop);

}  // namespace semlink::calibrate
