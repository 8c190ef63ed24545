#pragma once

namespace semlink {

/// A number with the ends of its 95 % confidence interval.
struct Estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Upper 97.5 % point of Student's t; `degrees` > 0, infinity gives the normal.
double t_quantile_975(double degrees);

/// Number of standard errors at which Student's t with so many degrees of freedom is as rare as a normal beyond five
/// (two-sided 5.7e-7). 5 in the limit of many trials.
double five_sigma(double degrees);

/// Clopper-Pearson interval of a probability, 95 %, after `errors` among `trials` (Clopper and Pearson 1934). Both may be
/// fractions: effective numbers of correlated trials. 0 <= errors <= trials, trials > 0.
Estimate clopper_pearson(double errors, double trials);

}  // namespace semlink
