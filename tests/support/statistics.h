#pragma once

#include <cmath>

namespace semlink::test {

/// Mean and standard error of independent values.
class Average {
 public:
  void add(double value) {
    ++count_;
    const double step = value - mean_;
    mean_ += step / static_cast<double>(count_);
    sum_of_squares_ += step * (value - mean_);
  }
  double mean() const { return mean_; }
  double std_error() const {
    const auto n = static_cast<double>(count_);
    return std::sqrt(sum_of_squares_ / (n - 1) / n);
  }

 private:
  long count_ = 0;
  double mean_ = 0;
  double sum_of_squares_ = 0;
};

/// The most events that `trials` trials show at a true rate of `rate`, five standard deviations up: more refute the
/// rate.
inline double most_events(double rate, double trials) { return rate * trials + 5 * std::sqrt(rate * trials); }

}  // namespace semlink::test
