#pragma once

#include <semlink/core/rng.h>

namespace semlink {

/// A stationary Markov chain of the states good and bad, one step per call.
class TwoStateChain {
 public:
  /// Probabilities of a change per step; their sum must be above 0. The first state is drawn from the stationary
  /// shares.
  TwoStateChain(double good_to_bad, double bad_to_good, const Stream& stream)
      : good_to_bad_(good_to_bad), bad_to_good_(bad_to_good), stream_(stream) {
    bad_ = stream_.uniform() * (good_to_bad + bad_to_good) < good_to_bad;
  }

  /// True for bad.
  bool next() {
    const bool now = bad_;
    if (stream_.uniform() < (bad_ ? bad_to_good_ : good_to_bad_)) bad_ = !bad_;
    return now;
  }

 private:
  double good_to_bad_;
  double bad_to_good_;
  Stream stream_;
  bool bad_;
};

}  // namespace semlink
