// Speed of the link's parts, in symbols per second on one core.
#include <benchmark/benchmark.h>

#include <semlink/app/allocator.h>
#include <semlink/channel/awgn.h>
#include <semlink/channel/modem.h>
#include <semlink/channel/uncoded_chain.h>

namespace semlink {
namespace {

constexpr Index kSymbols = 16384;

void count(benchmark::State& state) {
  state.counters["Msym/s"] =
      benchmark::Counter(1e-6 * static_cast<double>(kSymbols * state.iterations()), benchmark::Counter::kIsRate);
}

void noise(benchmark::State& state) {
  std::vector<float> z(2 * kSymbols);
  Stream stream(1, Purpose::noise, 0);
  for (auto _ : state) {
    stream.normals(z);
    benchmark::DoNotOptimize(z.data());
  }
  count(state);
}

void awgn(benchmark::State& state) {
  const AwgnChannel channel;
  const Symbols x = Symbols::Ones(kSymbols, 1);
  std::uint64_t trial = 0;
  for (auto _ : state) {
    const ChannelState drawn = channel.realize(kSymbols, {.snr_db = 10}, {1, trial++});
    benchmark::DoNotOptimize(channel.apply(x, drawn));
  }
  count(state);
}

void awgn_with_ledger(benchmark::State& state) {
  const AwgnChannel channel;
  const Symbols x = Symbols::Ones(kSymbols, 1);
  std::uint64_t trial = 0;
  for (auto _ : state) {
    const ChannelState drawn = channel.realize(kSymbols, {.snr_db = 10}, {1, trial++});
    const Symbols y = channel.apply(x, drawn);
    benchmark::DoNotOptimize(channel.gain_energy(drawn) + channel.noise_energy(x, y, drawn));
  }
  count(state);
}

template <typename Make>
void demodulate(benchmark::State& state, Make make) {
  const Modem modem = make();
  const Symbols x = Stream(1, Purpose::user, 0).complex_normals(kSymbols, 1);
  const Eigen::VectorXf noise_var = Eigen::VectorXf::Constant(kSymbols, 0.1f);
  for (auto _ : state) benchmark::DoNotOptimize(modem.demodulate(x, noise_var));
  count(state);
}

void chain(benchmark::State& state, const char* constellation) {
  std::uint64_t trial = 0;
  for (auto _ : state) benchmark::DoNotOptimize(run_uncoded_frame(constellation, kSymbols, 8, {1, trial++}));
  count(state);
}

BENCHMARK(noise);
BENCHMARK(awgn);
BENCHMARK(awgn_with_ledger);
BENCHMARK_CAPTURE(demodulate, qpsk_exact, [] { return Modem("qpsk"); });
BENCHMARK_CAPTURE(demodulate, 16qam_exact, [] { return Modem("16qam"); });
BENCHMARK_CAPTURE(demodulate, 16qam_maxlog, [] { return Modem("16qam", Demapper::max_log); });
BENCHMARK_CAPTURE(demodulate, 256qam_exact, [] { return Modem("256qam"); });
BENCHMARK_CAPTURE(chain, qpsk, "qpsk");
BENCHMARK_CAPTURE(chain, 16qam, "16qam");
BENCHMARK_CAPTURE(chain, 256qam, "256qam");

}  // namespace
}  // namespace semlink

// With memory as `semlink` has it.
int main(int argc, char** argv) {
  semlink::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
