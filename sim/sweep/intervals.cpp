#include <semlink/sweep/intervals.h>

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>

namespace semlink {

double t_quantile_975(double degrees) {
  return boost::math::quantile(boost::math::complement(boost::math::students_t(degrees), 0.025));
}

double five_sigma(double degrees) {
  constexpr double kTail = 2.866515718791939e-7;  // of the standard normal above 5
  return boost::math::quantile(boost::math::complement(boost::math::students_t(degrees), kTail));
}

Estimate clopper_pearson(double errors, double trials) {
  const double right = trials - errors;
  return {errors / trials, errors > 0 ? boost::math::ibeta_inv(errors, right + 1, 0.025) : 0.0,
          right > 0 ? boost::math::ibeta_inv(errors + 1, right, 0.975) : 1.0};
}

}  // namespace semlink
