#include <semlink/channel/waveform/pulse_shaper.h>

#include <algorithm>
#include <cmath>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/core/error.h>

namespace semlink {

std::vector<float> PulseShaper::taps(double fraction) const {
  const Index half = format_.filter_delay * format_.samples_per_symbol;
  std::vector<float> taps(static_cast<std::size_t>(2 * half + 1));
  if (liquid_firdes_prototype(LIQUID_FIRFILT_RRC, static_cast<unsigned>(format_.samples_per_symbol),
                              static_cast<unsigned>(format_.filter_delay), static_cast<float>(format_.rolloff),
                              static_cast<float>(-fraction), taps.data()) != LIQUID_OK)
    throw Error(ErrorCode::bad_argument, "liquid-dsp does not design this pulse");
  double energy = 0;
  for (const float tap : taps) energy += double{tap} * tap;
  const auto scale = static_cast<float>(std::sqrt(static_cast<double>(format_.samples_per_symbol) / energy));
  for (float& tap : taps) tap *= scale;
  return taps;
}

template <typename Visit>
void PulseShaper::for_each_pulse(double delay, Index num_uses, Index num_samples, Visit visit) const {
  const Index half = format_.filter_delay * format_.samples_per_symbol;
  const auto middle = static_cast<Index>(std::floor(format_.first_middle(delay)));
  for (Index k = 0; k < num_uses; ++k) {
    const Index from = middle + k * format_.samples_per_symbol - half;
    const Index first = std::clamp<Index>(from, 0, num_samples);
    const Index end = std::clamp<Index>(from + 2 * half + 1, 0, num_samples);
    if (end > first) visit(k, first, first - from, end - first);
  }
}

Symbols PulseShaper::shape(const Symbols& x, double delay) const {
  Symbols samples = Symbols::Zero(format_.num_samples(x.rows()), 1);
  const double middle = format_.first_middle(delay);
  const std::vector<float> pulse = taps(middle - std::floor(middle));
  for_each_pulse(delay, x.rows(), samples.rows(), [&](Index k, Index first, Index tap, Index count) {
    const Complex symbol = x(k, 0);
    Complex* out = samples.data() + first;
    for (Index i = 0; i < count; ++i) out[i] += pulse[static_cast<std::size_t>(tap + i)] * symbol;
  });
  return samples;
}

Symbols PulseShaper::shape_pullback(const Symbols& samples, double delay, Index num_uses) const {
  Symbols symbols = Symbols::Zero(num_uses, 1);
  const double middle = format_.first_middle(delay);
  const std::vector<float> pulse = taps(middle - std::floor(middle));
  for_each_pulse(delay, num_uses, samples.rows(), [&](Index k, Index first, Index tap, Index count) {
    const Complex* in = samples.data() + first;
    Complex sum = 0;
    for (Index i = 0; i < count; ++i) sum += pulse[static_cast<std::size_t>(tap + i)] * in[i];
    symbols(k, 0) = sum;
  });
  return symbols;
}

Symbols PulseShaper::match(const Symbols& samples, double delay, Index num_uses) const {
  return shape_pullback(samples, delay, num_uses) / static_cast<float>(format_.samples_per_symbol);
}

Symbols PulseShaper::match_pullback(const Symbols& g_x, double delay) const {
  return shape(g_x, delay) / static_cast<float>(format_.samples_per_symbol);
}

}  // namespace semlink
