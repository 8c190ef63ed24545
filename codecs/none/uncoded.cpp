#include <semlink/codecs/none/uncoded.h>

#include <algorithm>
#include <cmath>

namespace semlink {
namespace {

constexpr Index kMeanBits = 8;
constexpr Index kScaleBits = 16;

/// Code 0 says that there is no payload. The others divide [kMinScale, kMaxScale] evenly in the logarithm: steps of 0.02 %,
/// whose error stays below that of rounding to 8 bits.
constexpr double kMinScale = 1.0 / 4096;
constexpr double kMaxScale = 2.0;
constexpr int kMaxScaleCode = (1 << kScaleBits) - 1;

int scale_code(double scale) {
  const double position = std::log(std::clamp(scale, kMinScale, kMaxScale) / kMinScale) / std::log(kMaxScale / kMinScale);
  return 1 + static_cast<int>(std::lround(position * (kMaxScaleCode - 1)));
}

double scale_of(int code) { return kMinScale * std::pow(kMaxScale / kMinScale, (code - 1.0) / (kMaxScaleCode - 1)); }

void append_bits(Bits& bits, int value, Index count) {
  for (Index i = count - 1; i >= 0; --i) bits.push_back(static_cast<std::uint8_t>((value >> i) & 1));
}

int read_bits(const Bits& bits, Index first, Index count) {
  int value = 0;
  for (Index i = 0; i < count; ++i) value = 2 * value + bits[static_cast<std::size_t>(first + i)];
  return value;
}

/// Two reals per symbol, the last imaginary part 0 when their number is odd.
Symbols pair_up(const std::vector<float>& values, float mean, float gain) {
  Symbols x = Symbols::Zero(static_cast<Index>(values.size() + 1) / 2, 1);
  float* parts = reinterpret_cast<float*>(x.data());  // a complex number is two adjacent floats
  for (std::size_t i = 0; i < values.size(); ++i) parts[i] = gain * (values[i] - mean);
  return x;
}

}  // namespace

Payload UncodedCodec::encode(const Sample& sample, EncodeWork& work) const {
  const std::vector<float>& values = sample.image.values;
  double sum = 0;
  for (float value : values) sum += value;
  const double mean = values.empty() ? 0.5 : sum / static_cast<double>(values.size());
  const int mean_code = static_cast<int>(std::lround(255 * std::clamp(mean, 0.0, 1.0)));
  const double sent_mean = mean_code / 255.0;

  double energy = 0;
  for (float value : values) energy += (value - sent_mean) * (value - sent_mean);
  const double num_symbols = static_cast<double>((values.size() + 1) / 2);
  const double scale = values.empty() ? 0 : std::sqrt(energy / num_symbols);  // of a complex symbol
  work.ledger.scalar_ops += 4 * static_cast<std::int64_t>(values.size());

  Payload payload;
  payload.symbols.resize(0, 1);
  work.unscaled_power = scale * scale;
  const bool flat = scale < kMinScale;
  if (!flat) payload.symbols = pair_up(values, static_cast<float>(sent_mean), static_cast<float>(1 / scale));
  SideInfo header;
  append_bits(header.bits, mean_code, kMeanBits);
  append_bits(header.bits, flat ? 0 : scale_code(scale), kScaleBits);
  payload.side_info.push_back(std::move(header));
  return payload;
}

Output UncodedCodec::decode(const Received& received, DecodeWork& work) const {
  Output output;
  output.image.height = work.image_height;
  output.image.width = work.image_width;
  std::vector<float>& values = output.image.values;
  values.assign(static_cast<std::size_t>(output.image.num_reals()), 0.5f);
  if (!received.header_ok || received.side_info.empty()) return output;

  const Bits& header = received.side_info.front();
  std::fill(values.begin(), values.end(), static_cast<float>(read_bits(header, 0, kMeanBits)) / 255.0f);
  const int code = read_bits(header, kMeanBits, kScaleBits);
  if (code == 0) return output;

  const float scale = static_cast<float>(scale_of(code));
  const Index num_symbols = std::min<Index>(received.symbols.rows(), static_cast<Index>(values.size() + 1) / 2);
  for (Index i = 0; i < num_symbols; ++i) {
    const Complex x = received.symbols(i, 0) * (scale / (1 + received.noise_var[i]));
    const std::size_t at = static_cast<std::size_t>(2 * i);
    values[at] += x.real();
    if (at + 1 < values.size()) values[at + 1] += x.imag();
  }
  work.ledger.scalar_ops += 2 * static_cast<std::int64_t>(values.size());
  return output;
}

Index UncodedCodec::next_side_info_bits(std::span<const Bits> pieces) const {
  return pieces.empty() ? kMeanBits + kScaleBits : 0;
}

}  // namespace semlink
