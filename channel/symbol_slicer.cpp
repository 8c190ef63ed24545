#include <semlink/channel/symbol_slicer.h>

#include <algorithm>
#include <cmath>

#include <semlink/channel/modem.h>

namespace semlink {
namespace {

/// All points of a constellation.
std::vector<Complex> points_of(const Modem& modem) {
  const Index num_bits = modem.bits_per_symbol();
  std::vector<Complex> points;
  for (Index label = 0; label < Index{1} << num_bits; ++label) {
    Bits bits;
    for (Index bit = 0; bit < num_bits; ++bit) bits.push_back(label >> bit & 1);
    points.push_back(modem.modulate(bits)(0, 0));
  }
  return points;
}

}  // namespace

SymbolSlicer::SymbolSlicer(const std::string& constellation, Rule rule)
    : points_(points_of(Modem(constellation))), rule_(rule) {}

SymbolDecision SymbolSlicer::operator()(Complex x_hat, float noise_var) const {
  return rule_ == Rule::hard ? nearest(x_hat) : mean(x_hat, noise_var);
}

SymbolDecision SymbolSlicer::nearest(Complex x_hat) const {
  const auto closer = [&](Complex a, Complex b) { return std::norm(x_hat - a) < std::norm(x_hat - b); };
  return {*std::min_element(points_.begin(), points_.end(), closer), 0};
}

SymbolDecision SymbolSlicer::mean(Complex x_hat, float noise_var) const {
  const float closest = std::norm(x_hat - nearest(x_hat).value);
  float weights = 0, power = 0;
  Complex sum = 0;
  for (const Complex& point : points_) {
    const float weight = std::exp((closest - std::norm(x_hat - point)) / std::max(noise_var, 1e-12f));
    weights += weight;
    sum += weight * point;
    power += weight * std::norm(point);
  }
  const Complex value = sum / weights;
  return {value, std::max(0.0f, power / weights - std::norm(value))};
}

}  // namespace semlink
