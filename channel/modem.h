#pragma once

#include <string>
#include <vector>

#include <semlink/core/keys.h>
#include <semlink/core/types.h>

namespace semlink {

/// How log-likelihood ratios are made from symbols.
enum class Demapper {
  exact,    ///< all constellation points, log-sum-exp
  max_log,  ///< the nearest point of each bit value only
};

/// Gray-mapped BPSK, square QAM or PSK of unit mean power.
///
/// Bits of a symbol b0 b1 b2 ...: b0, b2, ... choose the real part, b1, b3, ... the imaginary part; for 16-QAM
/// Re x = (1 - 2 b0) (2 - (1 - 2 b2)) / sqrt(10), and so on inward (3GPP TS 38.211 V17.1.0, section 5.1). BPSK is 1 - 2
/// b0 on the real axis (not the rotated one of section 5.1.2).
///
/// M-PSK from 8 to 64 points: exp(j 2 pi k / M) for the bits of k xor (k >> 1), b0 highest; the labels are
/// liquid-dsp's.
///
/// LLR of a bit: ln P(0) - ln P(1), positive means bit 0; with N0 the noise variance per complex symbol and x over the
/// points
///   exact    ln sum_{b=0} exp(-|y - x|^2 / N0) - ln sum_{b=1} exp(-|y - x|^2 / N0)
///   max_log  (min_{b=1} |y - x|^2 - min_{b=0} |y - x|^2) / N0
class Modem {
 public:
  /// `constellation`: bpsk, qpsk, 16qam, 64qam, 256qam, 1024qam, 8psk, 16psk, 32psk or 64psk; else
  /// Error(bad_argument).
  explicit Modem(const std::string& constellation, Demapper demapper = Demapper::exact);

  static const std::vector<std::string>& constellations();

  Index bits_per_symbol() const { return bits_per_symbol_; }
  /// ceil(num_bits / bits_per_symbol).
  Index num_symbols(Index num_bits) const { return (num_bits + bits_per_symbol_ - 1) / bits_per_symbol_; }

  /// [num_symbols, 1]; missing bits of the last symbol are 0.
  Symbols modulate(const Bits& bits) const;

  /// LLRs, bits_per_symbol for every row of `x_hat` [num_uses, 1]. `noise_var` [num_uses] is the true noise variance
  /// per complex symbol; infinite gives LLRs of 0, anything under 1e-12 counts as 1e-12. x_hat must have gain one.
  Llrs demodulate(const Eigen::Ref<const Symbols>& x_hat, const Eigen::Ref<const Eigen::VectorXf>& noise_var) const;

  /// Bits of the nearest point.
  Bits decide(const Eigen::Ref<const Symbols>& x_hat) const;

 private:
  void make_levels();
  void make_phases();
  bool is_psk() const { return !points_.empty(); }
  /// The point of bits_per_symbol bits.
  Complex point(const std::uint8_t* bits) const;
  void demodulate_axes(const Eigen::Ref<const Symbols>& x_hat, const Eigen::Ref<const Eigen::VectorXf>& noise_var,
                       Index first, Index num_symbols, float* llrs) const;
  void demodulate_phases(const Eigen::Ref<const Symbols>& x_hat, const Eigen::Ref<const Eigen::VectorXf>& noise_var,
                         Index first, Index num_symbols, float* llrs) const;
  /// Label of the nearest level of one axis.
  Index nearest_level(float coordinate) const;
  /// Label of the point of the nearest phase.
  Index nearest_phase(Complex symbol) const;
  /// Bit `bit` (0 first) of the label of a level of one axis.
  bool level_bit(Index level, Index bit) const { return (level >> (axis_bits_ - 1 - bit)) & 1; }

  Index bits_per_symbol_ = 0;
  Index axis_bits_ = 0;          ///< bits that choose the level of one axis; 0 with PSK
  std::vector<float> levels_;    ///< coordinate for each label of one axis, label as a binary number, b0 highest
  std::vector<Index> labels_;    ///< of the levels of one axis, from the lowest coordinate up
  std::vector<Complex> points_;  ///< of PSK, by label; empty: BPSK or QAM
  Demapper demapper_;
};

/// `modem.constellation` and `modem.demapper`.
struct ModemSettings {
  std::string constellation = "qpsk";
  std::string demapper = "exact";

  void declare(Keys& keys);
  Modem make() const { return Modem(constellation, demapper == "maxlog" ? Demapper::max_log : Demapper::exact); }
};

}  // namespace semlink
