#include <semlink/channel/modem.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr float kMinNoiseVar = 1e-12f;

/// Amplitude of a level before scaling: the outermost bit is the sign, each further bit folds the axis once more.
int unscaled_level(Index label, Index axis_bits) {
  int amplitude = 1;
  for (Index bit = axis_bits - 1; bit >= 1; --bit) {
    const int sign = (label >> (axis_bits - 1 - bit)) & 1 ? -1 : 1;
    amplitude = (1 << (axis_bits - bit)) - sign * amplitude;
  }
  return (label >> (axis_bits - 1)) & 1 ? -amplitude : amplitude;
}

/// Running ln sum exp with the largest exponent taken out, so that no sum underflows to zero.
struct LogSum {
  float largest = -std::numeric_limits<float>::infinity();
  float scaled_sum = 0;

  void add(float exponent) {
    if (exponent > largest) {
      scaled_sum = scaled_sum * std::exp(largest - exponent) + 1;
      largest = exponent;
    } else {
      scaled_sum += std::exp(exponent - largest);
    }
  }
  float value() const { return largest + std::log(scaled_sum); }
};

std::string known_names() {
  std::string names;
  for (const std::string& name : Modem::constellations()) names += " " + name;
  return names;
}

}  // namespace

const std::vector<std::string>& Modem::constellations() {
  static const std::vector<std::string> names{"bpsk", "qpsk", "16qam", "64qam", "256qam", "1024qam"};
  return names;
}

Modem::Modem(const std::string& constellation, Demapper demapper) : demapper_(demapper) {
  constexpr std::array<Index, 6> bits{1, 2, 4, 6, 8, 10};
  const auto& names = constellations();
  const auto found = std::find(names.begin(), names.end(), constellation);
  if (found == names.end())
    throw Error(ErrorCode::bad_argument, "constellation = " + constellation + ": expected one of" + known_names());
  bits_per_symbol_ = bits[static_cast<std::size_t>(found - names.begin())];
  axis_bits_ = bits_per_symbol_ == 1 ? 1 : bits_per_symbol_ / 2;

  const auto num_levels = Index{1} << axis_bits_;
  // Mean square of the odd numbers up to num_levels - 1, on one axis or on both.
  const double mean_square = static_cast<double>(num_levels * num_levels - 1) / 3;
  const double scale = 1 / std::sqrt(bits_per_symbol_ == 1 ? mean_square : 2 * mean_square);
  for (Index label = 0; label < num_levels; ++label)
    levels_.push_back(static_cast<float>(scale * unscaled_level(label, axis_bits_)));
}

Symbols Modem::modulate(const Bits& bits) const {
  const auto num_bits = static_cast<Index>(bits.size());
  Symbols symbols(num_symbols(num_bits), 1);
  for (Index i = 0; i < symbols.rows(); ++i) {
    std::array<Index, 2> label{};
    for (Index bit = 0; bit < bits_per_symbol_; ++bit) {
      const Index position = i * bits_per_symbol_ + bit;
      const Index value = position < num_bits ? bits[static_cast<std::size_t>(position)] & 1 : 0;
      label[bit % 2] = 2 * label[bit % 2] + value;
    }
    symbols(i, 0) = Complex(levels_[label[0]], bits_per_symbol_ == 1 ? 0.0f : levels_[label[1]]);
  }
  return symbols;
}

float Modem::axis_llr(float coordinate, float noise_var, Index bit) const {
  if (demapper_ == Demapper::exact) {
    std::array<LogSum, 2> sum;
    for (Index level = 0; level < static_cast<Index>(levels_.size()); ++level) {
      const float distance = coordinate - levels_[level];
      sum[level_bit(level, bit)].add(-distance * distance / noise_var);
    }
    return sum[0].value() - sum[1].value();
  }
  std::array<float, 2> nearest{std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};
  for (Index level = 0; level < static_cast<Index>(levels_.size()); ++level) {
    const float distance = coordinate - levels_[level];
    float& best = nearest[level_bit(level, bit)];
    best = std::min(best, distance * distance);
  }
  return (nearest[1] - nearest[0]) / noise_var;
}

Llrs Modem::demodulate(const Eigen::Ref<const Symbols>& x_hat,
                       const Eigen::Ref<const Eigen::VectorXf>& noise_var) const {
  if (x_hat.rows() != noise_var.size())
    throw Error(ErrorCode::bad_argument, "noise_var has " + std::to_string(noise_var.size()) + " entries: expected " +
                                             std::to_string(x_hat.rows()) + ", one per symbol");
  Llrs llrs;
  llrs.reserve(static_cast<std::size_t>(x_hat.rows() * bits_per_symbol_));
  for (Index i = 0; i < x_hat.rows(); ++i) {
    const float variance = std::max(noise_var(i), kMinNoiseVar);
    const Complex symbol = x_hat(i, 0);
    for (Index bit = 0; bit < bits_per_symbol_; ++bit)
      llrs.push_back(axis_llr(bit % 2 == 0 ? symbol.real() : symbol.imag(), variance, bit / 2));
  }
  return llrs;
}

Index Modem::nearest_level(float coordinate) const {
  const auto nearest = std::min_element(levels_.begin(), levels_.end(), [coordinate](float a, float b) {
    return std::abs(coordinate - a) < std::abs(coordinate - b);
  });
  return nearest - levels_.begin();
}

Bits Modem::decide(const Eigen::Ref<const Symbols>& x_hat) const {
  Bits bits;
  bits.reserve(static_cast<std::size_t>(x_hat.rows() * bits_per_symbol_));
  for (Index i = 0; i < x_hat.rows(); ++i) {
    const Complex symbol = x_hat(i, 0);
    const std::array<Index, 2> level{nearest_level(symbol.real()), nearest_level(symbol.imag())};
    for (Index bit = 0; bit < bits_per_symbol_; ++bit) bits.push_back(level_bit(level[bit % 2], bit / 2));
  }
  return bits;
}

void ModemSettings::declare(Keys& keys) {
  keys.choice("modem.constellation", constellation, Modem::constellations())
      .help("Gray-mapped constellation of unit power");
  keys.choice("modem.demapper", demapper, {"exact", "maxlog"}).help("how log-likelihood ratios are made from symbols");
}

}  // namespace semlink
