#pragma once

#include <string>
#include <vector>

#include <semlink/core/types.h>

namespace semlink {

/// What a receiver takes a symbol for.
struct SymbolDecision {
  Complex value;
  float error_var = 0;  ///< E|value - x|^2 as far as the receiver owns up to it; 0 for a hard decision
};

/// Decides symbols of one constellation, equally likely, of unit mean power.
class SymbolSlicer {
 public:
  enum class Rule {
    hard,  ///< the nearest point, taken as certain
    soft,  ///< the mean over the points given x_hat in Gaussian noise, and the variance around it
  };
  /// Throws Error(bad_argument) for a constellation that Modem does not know.
  SymbolSlicer(const std::string& constellation, Rule rule);

  /// `x_hat` has gain one and noise of `noise_var` per complex symbol.
  SymbolDecision operator()(Complex x_hat, float noise_var) const;

 private:
  SymbolDecision nearest(Complex x_hat) const;
  SymbolDecision mean(Complex x_hat, float noise_var) const;

  std::vector<Complex> points_;
  Rule rule_;
};

}  // namespace semlink
