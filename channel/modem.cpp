#include <semlink/channel/modem.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <semlink/channel/llr_kernel.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr float kMinNoiseVar = 1e-12f;
constexpr Index kMaxAxisBits = 5;
constexpr Index kMaxPhaseBits = 6;

/// Amplitude of a level before scaling: the outermost bit is the sign, each further bit folds the axis once more.
int unscaled_level(Index label, Index axis_bits) {
  int amplitude = 1;
  for (Index bit = axis_bits - 1; bit >= 1; --bit) {
    const int sign = (label >> (axis_bits - 1 - bit)) & 1 ? -1 : 1;
    amplitude = (1 << (axis_bits - bit)) - sign * amplitude;
  }
  return (label >> (axis_bits - 1)) & 1 ? -amplitude : amplitude;
}

std::string known_names() {
  std::string names;
  for (const std::string& name : Modem::constellations()) names += " " + name;
  return names;
}

}  // namespace

const std::vector<std::string>& Modem::constellations() {
  static const std::vector<std::string> names{"bpsk",    "qpsk", "16qam", "64qam", "256qam",
                                              "1024qam", "8psk", "16psk", "32psk", "64psk"};
  return names;
}

Modem::Modem(const std::string& constellation, Demapper demapper) : demapper_(demapper) {
  constexpr std::array<Index, 10> bits{1, 2, 4, 6, 8, 10, 3, 4, 5, 6};
  const auto& names = constellations();
  const auto found = std::find(names.begin(), names.end(), constellation);
  if (found == names.end())
    throw Error(ErrorCode::bad_argument, "constellation = " + constellation + ": expected one of" + known_names());
  bits_per_symbol_ = bits[static_cast<std::size_t>(found - names.begin())];
  if (constellation.ends_with("psk") && bits_per_symbol_ > 2)
    make_phases();
  else
    make_levels();
}

void Modem::make_levels() {
  axis_bits_ = bits_per_symbol_ == 1 ? 1 : bits_per_symbol_ / 2;
  const auto num_levels = Index{1} << axis_bits_;
  // Mean square of the odd numbers up to num_levels - 1, on one axis or on both.
  const double mean_square = static_cast<double>(num_levels * num_levels - 1) / 3;
  const double scale = 1 / std::sqrt(bits_per_symbol_ == 1 ? mean_square : 2 * mean_square);
  for (Index label = 0; label < num_levels; ++label)
    levels_.push_back(static_cast<float>(scale * unscaled_level(label, axis_bits_)));
  labels_.resize(levels_.size());
  for (Index label = 0; label < num_levels; ++label)
    labels_[static_cast<std::size_t>((unscaled_level(label, axis_bits_) + num_levels - 1) / 2)] = label;
}

void Modem::make_phases() {
  const auto num_points = Index{1} << bits_per_symbol_;
  points_.resize(static_cast<std::size_t>(num_points));
  for (Index k = 0; k < num_points; ++k)
    points_[static_cast<std::size_t>(k ^ (k >> 1))] = static_cast<Complex>(
        std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(num_points)));
}

Complex Modem::point(const std::uint8_t* bits) const {
  if (is_psk()) {
    std::size_t label = 0;
    for (Index bit = 0; bit < bits_per_symbol_; ++bit) label = 2 * label + (bits[bit] & 1);
    return points_[label];
  }
  if (bits_per_symbol_ == 1) return levels_[bits[0] & 1];
  std::size_t real = 0, imag = 0;
  for (Index bit = 0; bit < axis_bits_; ++bit) {
    real = 2 * real + (bits[2 * bit] & 1);
    imag = 2 * imag + (bits[2 * bit + 1] & 1);
  }
  return {levels_[real], levels_[imag]};
}

Symbols Modem::modulate(const Bits& bits) const {
  const auto num_bits = static_cast<Index>(bits.size());
  Symbols symbols(num_symbols(num_bits), 1);
  const Index full = num_bits / bits_per_symbol_;
  for (Index i = 0; i < full; ++i) symbols(i, 0) = point(bits.data() + i * bits_per_symbol_);
  if (full == symbols.rows()) return symbols;
  std::array<std::uint8_t, 2 * kMaxAxisBits> last{};
  std::copy(bits.begin() + full * bits_per_symbol_, bits.end(), last.begin());
  symbols(full, 0) = point(last.data());
  return symbols;
}

Llrs Modem::demodulate(const Eigen::Ref<const Symbols>& x_hat,
                       const Eigen::Ref<const Eigen::VectorXf>& noise_var) const {
  if (x_hat.rows() != noise_var.size())
    throw Error(ErrorCode::bad_argument, "noise_var has " + std::to_string(noise_var.size()) + " entries: expected " +
                                             std::to_string(x_hat.rows()) + ", one per symbol");
  Llrs llrs(static_cast<std::size_t>(x_hat.rows() * bits_per_symbol_));
  const Index tile = is_psk() || bits_per_symbol_ == 1 ? kMaxCoordinates : kMaxCoordinates / 2;
  for (Index first = 0; first < x_hat.rows(); first += tile) {
    const Index count = std::min(tile, x_hat.rows() - first);
    float* out = llrs.data() + first * bits_per_symbol_;
    if (is_psk())
      demodulate_phases(x_hat, noise_var, first, count, out);
    else
      demodulate_axes(x_hat, noise_var, first, count, out);
  }
  return llrs;
}

void Modem::demodulate_axes(const Eigen::Ref<const Symbols>& x_hat, const Eigen::Ref<const Eigen::VectorXf>& noise_var,
                            Index first, Index num_symbols, float* llrs) const {
  const Index axes = bits_per_symbol_ == 1 ? 1 : 2;
  const auto count = static_cast<std::size_t>(axes * num_symbols);
  alignas(64) float coordinates[kMaxCoordinates], inverse[kMaxCoordinates];
  alignas(64) float by_bit[kMaxAxisBits * kMaxCoordinates];
  for (Index i = 0; i < num_symbols; ++i) {
    const Complex symbol = x_hat(first + i, 0);
    coordinates[axes * i] = symbol.real();
    if (axes == 2) coordinates[2 * i + 1] = symbol.imag();
    for (Index axis = 0; axis < axes; ++axis)
      inverse[axes * i + axis] = 1 / std::max(noise_var(first + i), kMinNoiseVar);
  }
  const auto axis_llrs = demapper_ == Demapper::exact ? axis_llrs_exact : axis_llrs_max_log;
  axis_llrs({coordinates, count}, {inverse, count}, levels_, static_cast<int>(axis_bits_), by_bit);
  for (Index bit = 0; bit < axis_bits_; ++bit) {
    const float* from = by_bit + static_cast<std::size_t>(bit) * count;
    for (Index i = 0; i < num_symbols; ++i)
      for (Index axis = 0; axis < axes; ++axis) llrs[i * bits_per_symbol_ + bit * axes + axis] = from[axes * i + axis];
  }
}

void Modem::demodulate_phases(const Eigen::Ref<const Symbols>& x_hat,
                              const Eigen::Ref<const Eigen::VectorXf>& noise_var, Index first, Index num_symbols,
                              float* llrs) const {
  const auto count = static_cast<std::size_t>(num_symbols);
  alignas(64) float real[kMaxCoordinates], imag[kMaxCoordinates], inverse[kMaxCoordinates];
  alignas(64) float by_bit[kMaxPhaseBits * kMaxCoordinates];
  for (Index i = 0; i < num_symbols; ++i) {
    real[i] = x_hat(first + i, 0).real();
    imag[i] = x_hat(first + i, 0).imag();
    inverse[i] = 1 / std::max(noise_var(first + i), kMinNoiseVar);
  }
  const auto phase_llrs = demapper_ == Demapper::exact ? phase_llrs_exact : phase_llrs_max_log;
  phase_llrs({real, count}, {imag, count}, {inverse, count}, points_, static_cast<int>(bits_per_symbol_), by_bit);
  for (Index bit = 0; bit < bits_per_symbol_; ++bit)
    for (Index i = 0; i < num_symbols; ++i) llrs[i * bits_per_symbol_ + bit] = by_bit[bit * num_symbols + i];
}

Index Modem::nearest_phase(Complex symbol) const {
  const auto num_points = static_cast<Index>(points_.size());
  const float turns = std::arg(symbol) / (2 * std::numbers::pi_v<float>);
  // A phase of NaN decides for some point.
  const auto k = static_cast<Index>(std::lrint(turns * static_cast<float>(num_points))) & (num_points - 1);
  return k ^ (k >> 1);
}

Index Modem::nearest_level(float coordinate) const {
  // Levels are evenly spaced: -1, ..., 1 times the outermost one.
  const auto last = static_cast<float>(labels_.size() - 1);
  const float outermost = levels_[static_cast<std::size_t>(labels_.back())];
  const float position = (coordinate / outermost + 1) * (last / 2);
  // fmax and fmin also hold a NaN within the table.
  return labels_[static_cast<std::size_t>(std::lrint(std::fmin(std::fmax(position, 0.0f), last)))];
}

Bits Modem::decide(const Eigen::Ref<const Symbols>& x_hat) const {
  Bits bits(static_cast<std::size_t>(x_hat.rows() * bits_per_symbol_));
  const Index axes = bits_per_symbol_ == 1 ? 1 : 2;
  std::uint8_t* next = bits.data();
  for (Index i = 0; i < x_hat.rows(); ++i, next += bits_per_symbol_) {
    const Complex symbol = x_hat(i, 0);
    if (is_psk()) {
      const Index label = nearest_phase(symbol);
      for (Index bit = 0; bit < bits_per_symbol_; ++bit) next[bit] = (label >> (bits_per_symbol_ - 1 - bit)) & 1;
      continue;
    }
    for (Index axis = 0; axis < axes; ++axis) {
      const Index level = nearest_level(axis == 0 ? symbol.real() : symbol.imag());
      for (Index bit = 0; bit < axis_bits_; ++bit) next[axes * bit + axis] = level_bit(level, bit);
    }
  }
  return bits;
}

void ModemSettings::declare(Keys& keys) {
  keys.choice("modem.constellation", constellation, Modem::constellations())
      .help("Gray-mapped constellation of unit power");
  keys.choice("modem.demapper", demapper, {"exact", "maxlog"}).help("how log-likelihood ratios are made from symbols");
}

}  // namespace semlink
