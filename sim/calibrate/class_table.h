#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <semlink/link/link.h>

namespace semlink::calibrate {

/// What class heads said at the exits where a gate would have asked them, one row for every answer.
struct ClassTable {
  RowMatrix<double> probability;              ///< [num_rows, num_classes]
  std::vector<Index> label;                   ///< the class it was
  std::vector<std::optional<double>> snr_db;  ///< as the gate is told it

  Index num_rows() const { return probability.rows(); }
  /// The table of these rows only, in this order.
  ClassTable rows(const std::vector<Index>& which) const;
};

/// What `measure_classes` runs. Points of the mix are equally likely.
struct ClassRequest {
  std::size_t num_points = 1;
  /// The link of a point. Called from one thread.
  std::function<Link(std::size_t point)> make_link;
  bool at_transmitter = false;  ///< whose heads are asked
  std::uint64_t seed = 1;
  std::uint64_t salt = 0;  ///< of all random numbers
  Index num_trials = 0;
  int num_threads = 1;
  /// Told the number of trials done, from one thread at a time; may be empty.
  std::function<void(Index done)> progress;
};

/// Runs the trials with every gate of that side open, and notes what its class heads say on the way. The same for any
/// number of threads. Throws Error(bad_scenario) when the source has fewer samples than there are trials or no classes,
/// or when no head was ever asked; Error(interrupted) when `stop` becomes true.
ClassTable measure_classes(const ClassRequest& request, const std::atomic<bool>& stop);

}  // namespace semlink::calibrate
