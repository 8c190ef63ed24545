#include <benchmark/benchmark.h>
#include <semlink/sweep/sweep.h>

namespace semlink {
namespace {

// Overhead of the engine: trials that do nothing, all bookkeeping included. The goal is two million per second and core.
void empty_trials(benchmark::State& state) {
  RunSettings settings;
  settings.max_trials = 1'000'000;
  settings.threads = state.range(0);
  const std::atomic<bool> stop = false;
  for (auto _ : state) {
    SweepState sweep = start_sweep(Grid());
    run_sweep(sweep, settings, [](std::size_t) { return PointRun{.run_trial = [](std::uint64_t) { return TrialResult(); }}; },
              stop);
    benchmark::DoNotOptimize(sweep.points[0].total);
  }
  state.SetItemsProcessed(state.iterations() * settings.max_trials);
}
BENCHMARK(empty_trials)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace semlink

BENCHMARK_MAIN();
