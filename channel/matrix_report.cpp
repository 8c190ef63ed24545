#include <semlink/channel/matrix_report.h>

#include <algorithm>
#include <cmath>

namespace semlink {

void MatrixReport::declare(Keys& keys) {
  keys.number("channel.csi_correlation", correlation)
      .range(0, 1)
      .help(
          "With precoding: correlation of the matrices the transmitter is told with those of the frame, "
          "J0(2 pi f_D delay).");
  keys.optional_number("channel.csi_error_db", error_db)
      .unit("dB")
      .range(-100, 20)
      .help(
          "With precoding: power of a normal error of every entry the transmitter is told, over that of "
          "an entry; none: no error.");
  keys.integer("channel.csi_bits", bits)
      .range(0, 16)
      .help(
          "With precoding: bits in which the transmitter is told the real and the imaginary part of "
          "every entry; 0: not rounded.");
}

Symbols MatrixReport::tell(const Symbols& earlier, Stream& errors) const {
  Symbols told = earlier;
  const double error_var = error_db ? std::pow(10, *error_db / 10) : 0;
  if (error_db) told += static_cast<float>(std::sqrt(error_var)) * errors.complex_normals(told.rows(), told.cols());
  if (bits == 0) return told;
  const double largest = 3 * std::sqrt((1 + error_var) / 2);
  const double levels = std::ldexp(1.0, static_cast<int>(bits)), step = 2 * largest / levels;
  const auto rounded = [&](float value) {
    const double level = std::clamp(std::floor((static_cast<double>(value) + largest) / step), 0.0, levels - 1);
    return static_cast<float>((level + 0.5) * step - largest);
  };
  return told.unaryExpr([&](Complex entry) { return Complex(rounded(entry.real()), rounded(entry.imag())); });
}

}  // namespace semlink
