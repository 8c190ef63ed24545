#pragma once

#include <Eigen/Core>
#include <complex>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace semlink {

using Index = Eigen::Index;
using Complex = std::complex<float>;

/// Dense matrix whose rows are contiguous; tokens are rows everywhere (HDF5 agrees).
template <typename T>
using RowMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Complex baseband symbols, [num_uses, num_streams]; one row is one channel use.
using Symbols = RowMatrix<Complex>;

/// One entry per bit, 0 or 1.
using Bits = std::vector<std::uint8_t>;

/// Log-likelihood ratios ln P(0)/P(1), one per bit. Positive means bit 0.
using Llrs = std::vector<float>;

/// RGB image, values in [0, 1], row by row, the three colours of a pixel adjacent: values[(y * width + x) * 3 + c].
struct Image {
  Index height = 0;
  Index width = 0;
  std::vector<float> values;

  /// Number of values, 3 * height * width.
  Index num_reals() const { return 3 * height * width; }
};

/// What an image shows of a data set whose pictures are smaller than it or grey: a rectangle with padding around it, in
/// one colour that stands three times or in three of its own.
struct Picture {
  Index top = 0;
  Index left = 0;
  Index height = 0;
  Index width = 0;
  Index num_channels = 3;
};

/// One thing to be transmitted. A trial is one sample.
struct Sample {
  std::int64_t id = 0;  ///< index in the data set, or the address from which the generator made it
  Image image;
  int label = -1;  ///< class, or -1 where there is none
  Bits bits;       ///< what a source of bits sends instead of an image; else empty
  std::optional<Picture> picture = {};  ///< what of the image the data set has; empty: all of it

  /// Number of source reals n, the denominator of the bandwidth ratio: the values that the data set has of this image,
  /// neither padding nor repeated colours.
  Index num_reals() const {
    return picture ? picture->height * picture->width * picture->num_channels : image.num_reals();
  }
};

/// One piece of side information that the transmitter sends coded, ahead of the payload symbols.
struct SideInfo {
  Bits bits;               ///< without CRC; the framer adds that
  bool positions = false;  ///< counted in `position_uses` (part of the bandwidth ratio) instead of `header_uses`
};

/// What an encoder sends: analog symbols of average power 1 and the side information that a receiver needs to read them.
struct Payload {
  Symbols symbols;                  ///< [num_uses, num_streams]; may be empty
  Bits bits;                        ///< of a digital codec; the link codes and modulates them into `symbols`
  bool exact_power = true;          ///< power 1 in every payload; false: 1 on average, as of a constellation with rings
  std::vector<SideInfo> side_info;  ///< in the order sent; the length of each follows from the bits of those before it
  Index tokens_kept = 0;
  Index num_tokens = 0;
  double encoder_depth = 0;  ///< blocks run, averaged over tokens where they differ
  int label = -1;  ///< class that the transmitter decided on and sends in the side information, without symbols; -1: none
};

/// What a receiver may know of the link: estimates only, never the truth.
struct LinkQuality {
  double snr_db = 0;     ///< estimated Es/N0 of this frame, after the fade (instantaneous)
  double noise_var = 0;  ///< estimated N0 per complex symbol at the antenna
};

/// What the transmitter knows of the channel's SNR when it encodes; empty with `transmitter.snr = none`.
using SnrReport = std::optional<double>;  // dB

/// What a decoder gets.
struct Received {
  Symbols symbols;                 ///< equalised payload symbols of gain one, [num_uses, num_streams]; empty when the header failed
  Eigen::VectorXf noise_var;       ///< effective noise variance per complex symbol, [num_uses]
  bool header_ok = false;          ///< every piece of side information passed its CRC
  std::vector<Bits> side_info;     ///< the pieces that passed, in order; CRC removed
  Bits bits;                       ///< decoded payload bits of a digital codec; empty when the header failed
  LinkQuality quality;
};

/// What a decoder makes of it.
struct Output {
  Image image;              ///< reconstruction, not yet rounded to 8 bits; empty for a pure classifier
  Eigen::VectorXf logits;   ///< class scores, [num_classes]; empty without a classification head, or where it was told
  int label = -1;           ///< class that the transmitter decided on and the receiver was told; -1: `logits` decide
  Bits bits;                ///< what it makes of a source of bits; else empty
  double decoder_depth = 0;        ///< blocks run, averaged over tokens where they differ
  Index exit_index = 0;            ///< the exit that produced the output: 0 is before the first block
  double predicted_mse = -1;       ///< the gate's own estimate for this output, values in [0, 1]; -1 where it made none
  std::vector<double> expert_load;  ///< share of the tokens' visits by expert, over all blocks run; empty where there are none
  double expert_overflow = 0;       ///< share of the visits that an expert had no room for
};

}  // namespace semlink
