#include <semlink/channel/waveform/timing_loop.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr unsigned kNumFilters = 32;  // phases of the bank within a sample
constexpr Index kSlip = 3;            // symbols by which the first output may lie off its place

struct LoopDeleter {
  void operator()(symsync_crcf_s* object) const { symsync_crcf_destroy(object); }
};
using Loop = std::unique_ptr<symsync_crcf_s, LoopDeleter>;

/// A loop whose first output lies `late` samples, at most half a one either way, behind the sample that it is at: its
/// matched filter begins by so many phases of the bank later. liquid's own loop begins at a sample.
Loop make_loop(const WaveformFormat& format, double bandwidth, double late) {
  const auto rate = static_cast<unsigned>(format.samples_per_symbol), half = static_cast<unsigned>(format.filter_delay);
  std::vector<float> pulse(2 * kNumFilters * rate * half + 1);
  if (liquid_firdes_prototype(LIQUID_FIRFILT_RRC, kNumFilters * rate, half, static_cast<float>(format.rolloff), 0,
                              pulse.data()) != LIQUID_OK)
    throw Error(ErrorCode::bad_argument, "liquid-dsp does not design this pulse");
  const auto shift = static_cast<Index>(std::lround(late * kNumFilters));
  const auto length = static_cast<Index>(pulse.size());
  std::vector<float> taps(pulse.size());
  for (Index i = std::max<Index>(0, -shift); i < std::min(length, length - shift); ++i)
    taps[static_cast<std::size_t>(i)] = pulse[static_cast<std::size_t>(i + shift)];
  Loop loop(symsync_crcf_create(rate, kNumFilters, taps.data(), static_cast<unsigned>(taps.size())));
  if (!loop) throw Error(ErrorCode::bad_argument, "liquid-dsp does not make a timing loop for these pulses");
  symsync_crcf_set_output_rate(loop.get(), 1);
  symsync_crcf_set_lf_bw(loop.get(), static_cast<float>(bandwidth));
  return loop;
}

/// What the loop makes of `count` samples from `first` on; 0 outside of the window.
std::vector<Complex> run(symsync_crcf_s* loop, const Symbols& samples, Index first, Index count) {
  std::vector<Complex> symbols;
  for (Index n = first; n < first + count; ++n) {
    Complex sample = n >= 0 && n < samples.rows() ? samples(n, 0) : Complex(0);
    Complex out[8];
    unsigned num_out = 0;
    symsync_crcf_execute(loop, &sample, 1, out, &num_out);
    symbols.insert(symbols.end(), out, out + num_out);
  }
  return symbols;
}

/// The output, near `expected`, from which on they are most like the preamble.
Index first_symbol(const std::vector<Complex>& symbols, const Symbols& preamble, Index expected) {
  Index best = expected;
  float most = -1;
  for (Index lag = std::max<Index>(expected - kSlip, 0); lag <= expected + kSlip; ++lag) {
    Complex sum = 0;
    for (Index k = 0; k < preamble.rows() && lag + k < static_cast<Index>(symbols.size()); ++k)
      sum += std::conj(preamble(k, 0)) * symbols[static_cast<std::size_t>(lag + k)];
    if (std::abs(sum) <= most) continue;
    most = std::abs(sum);
    best = lag;
  }
  return best;
}

}  // namespace

Symbols TimingLoop::track(const Symbols& samples, double delay, const Symbols& preamble, Index num_uses) const {
  const Index rate = format_.samples_per_symbol;
  const double middle = format_.first_middle(delay);
  const auto nearest = static_cast<Index>(std::lround(middle));
  // Where the preamble says that symbols are: from half a symbol beside them the loop would find no way.
  const Loop loop = make_loop(format_, bandwidth_, middle - static_cast<double>(nearest));
  const Index first = nearest - format_.filter_delay * rate;
  // Whole symbols, so that the loop finds the same phase when it hears them again.
  const Index lesson = (preamble.rows() + format_.filter_delay) * rate;
  run(loop.get(), samples, first, lesson);
  run(loop.get(), samples, first, lesson);
  // The pulse and the matched filter each delay by half their length.
  const Index latency = 2 * format_.filter_delay;
  const std::vector<Complex> heard = run(loop.get(), samples, first, (num_uses + latency + 2 * kSlip) * rate);
  const Index start = first_symbol(heard, preamble, latency);
  Symbols symbols = Symbols::Zero(num_uses, 1);
  const Index count = std::min(num_uses, static_cast<Index>(heard.size()) - start);
  for (Index k = 0; k < count; ++k) symbols(k, 0) = heard[static_cast<std::size_t>(start + k)];
  return symbols;
}

}  // namespace semlink
