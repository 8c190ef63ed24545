#include <semlink/calibrate/risk_control.h>

#include <boost/math/special_functions/beta.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace semlink::calibrate {
namespace {

/// a ln(a / b), continued to a = 0.
double entropy_part(double a, double b) { return a > 0 ? a * std::log(a / b) : 0; }

/// Relative entropy of two coins.
double divergence(double a, double b) { return entropy_part(a, b) + entropy_part(1 - a, 1 - b); }

/// P(Bin(n, p) <= k), 0 <= k <= n.
double binomial_below(double k, double n, double p) { return k >= n ? 1 : boost::math::ibetac(k + 1, n - k, p); }

}  // namespace

double hoeffding_bentkus_p_value(double loss_sum, Index num_trials, double alpha) {
  const auto n = static_cast<double>(num_trials);
  const double risk = std::clamp(loss_sum / n, 0.0, 1.0);
  const double hoeffding = std::exp(-n * divergence(std::min(risk, alpha), alpha));
  const double bentkus = std::numbers::e * binomial_below(std::ceil(std::clamp(loss_sum, 0.0, n)), n, alpha);
  return std::min({1.0, hoeffding, bentkus});
}

double betting_p_value(const Eigen::Ref<const Eigen::VectorXd>& losses, double alpha, double delta) {
  const double aim = 2 * std::log(1 / delta) / static_cast<double>(losses.size());
  double sum = 0.5, squares = 0.25, weight = 1;  // a first guess: mean 1/2, variance 1/4
  double log_capital = 0, most = 0;
  for (const double loss : losses) {
    const double bet = std::min(1.0, std::sqrt(aim * weight / squares));
    log_capital += std::log1p(bet * (alpha - loss));
    most = std::max(most, log_capital);
    sum += loss;
    ++weight;
    squares += std::pow(loss - sum / weight, 2);
  }
  return std::exp(-most);
}

Index fewest_trials(double alpha, double delta) {
  return static_cast<Index>(std::ceil(std::log(delta) / std::log1p(-alpha)));
}

std::size_t fixed_sequence(std::span<const double> p_values, double delta) {
  const auto first_kept = std::find_if(p_values.begin(), p_values.end(), [delta](double p) { return !(p <= delta); });
  return static_cast<std::size_t>(first_kept - p_values.begin());
}

std::size_t conformal(const Eigen::Ref<const RowMatrix<double>>& losses, double alpha) {
  const auto n = static_cast<double>(losses.rows());
  Eigen::VectorXd largest = Eigen::VectorXd::Zero(losses.rows());
  for (Index candidate = 0; candidate < losses.cols(); ++candidate) {
    largest = largest.cwiseMax(losses.col(candidate));
    if ((largest.sum() + 1) / (n + 1) > alpha) return static_cast<std::size_t>(candidate);
  }
  return static_cast<std::size_t>(losses.cols());
}

}  // namespace semlink::calibrate
