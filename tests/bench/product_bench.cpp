// Speed of the kernels under the neural layers: products in GFLOP/s and as a share of the multiply-add peak measured in
// the same run (bf16 can pass 1: its instruction does twice the work), the other kernels in elements per second. All in
// processor time, so that other work on the machine disturbs little.
#include <benchmark/benchmark.h>
#include <semlink/codecs/nn/kernels/kernels.h>

#include <cmath>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <semlink/codecs/nn/kernels/fma_peak.h>

namespace semlink::bench {
namespace {

using kernels::Precision;

RowMatrix<float> random_matrix(Index rows, Index cols) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  RowMatrix<float> matrix(rows, cols);
  for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = normal(generator);
  return matrix;
}

/// The three products of a linear layer [tokens, in] -> [tokens, out].
enum class Pass { forward, input_gradient, weight_gradient };

void run_layer(benchmark::State& state, Pass pass, Precision precision, double peak) {
  const Index tokens = state.range(0), in = state.range(1), out = state.range(2);
  RowMatrix<float> x = random_matrix(tokens, in), w = random_matrix(in, out), y = random_matrix(tokens, out);
  for (auto _ : state) {
    if (pass == Pass::forward) {
      kernels::product(false, false, tokens, out, in, x.data(), in, w.data(), out, y.data(), out, nullptr, false,
                       precision);
    } else if (pass == Pass::input_gradient) {
      kernels::product(false, true, tokens, in, out, y.data(), out, w.data(), out, x.data(), in, nullptr, false,
                       precision);
    } else {
      kernels::product(true, false, in, out, tokens, x.data(), in, y.data(), out, w.data(), out, nullptr, true,
                       precision);
    }
    benchmark::ClobberMemory();
  }
  const double flop = 2.0 * static_cast<double>(tokens * in * out) * static_cast<double>(state.iterations());
  state.counters["FLOP/s"] = benchmark::Counter(flop, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(flop / peak, benchmark::Counter::kIsRate);
}

void run_attention(benchmark::State& state, bool backward) {
  const Index tokens = state.range(0), head_dim = 32, dim = 128;
  RowMatrix<float> q = random_matrix(tokens, dim), k = q, v = q, out = q, g_q = q, g_k = q, g_v = q;
  RowMatrix<float> bias = random_matrix(tokens, tokens), probs = bias, g_bias = bias;
  const float scale = 1 / std::sqrt(32.0f);
  for (auto _ : state) {
    kernels::attention(tokens, tokens, head_dim, scale, q.data(), dim, k.data(), dim, v.data(), dim, bias.data(),
                       probs.data(), out.data(), dim);
    if (backward) {
      kernels::attention_backward(tokens, tokens, head_dim, scale, q.data(), dim, k.data(), dim, v.data(), dim,
                                  probs.data(), out.data(), dim, g_q.data(), g_k.data(), g_v.data(), g_bias.data());
    }
    benchmark::ClobberMemory();
  }
  state.counters["scores/s"] =
      benchmark::Counter(static_cast<double>(tokens * tokens * state.iterations()), benchmark::Counter::kIsRate);
}

/// Repeats a pass over [64, 512] activations.
template <class PassOver>
void run_elements(benchmark::State& state, const PassOver& pass_over) {
  const Index rows = 64, cols = 512;
  RowMatrix<float> x = random_matrix(rows, cols), y = x, z = x, w = x.cwiseAbs();
  std::vector<float> per_row(rows * cols / 128);
  for (auto _ : state) {
    pass_over(rows, cols, x.data(), y.data(), z.data(), w.data(), per_row.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * rows * cols);
}

void add_layers(double peak) {
  const std::pair<Pass, const char*> passes[] = {
      {Pass::forward, "forward"}, {Pass::input_gradient, "input_gradient"}, {Pass::weight_gradient, "weight_gradient"}};
  for (const auto& [precision, name] : {std::pair{Precision::f32, "f32"}, std::pair{Precision::bf16, "bf16"}}) {
    for (const auto& [pass, pass_name] : passes) {
      auto* bench =
          benchmark::RegisterBenchmark((std::string(name) + "/" + pass_name).c_str(), run_layer, pass, precision, peak);
      for (const Index tokens : {32, 64, 1024, 4096}) {
        bench->Args({tokens, 128, 128})->Args({tokens, 128, 512})->Args({tokens, 512, 128})->Args({tokens, 192, 768});
      }
    }
  }
}

void add_others() {
  using F = float;
  benchmark::RegisterBenchmark("attention/forward", run_attention, false)->Arg(64)->Arg(32);
  benchmark::RegisterBenchmark("attention/forward_and_backward", run_attention, true)->Arg(64)->Arg(32);
  benchmark::RegisterBenchmark("gelu", [](benchmark::State& state) {
    run_elements(state, [](Index rows, Index cols, F* x, F* y, F*, F*, F*) { kernels::gelu(x, y, rows * cols); });
  });
  benchmark::RegisterBenchmark("gelu_backward", [](benchmark::State& state) {
    run_elements(state, [](Index rows, Index cols, F* x, F* g_y, F* g_x, F*, F*) {
      kernels::gelu_backward(x, g_y, g_x, rows * cols);
    });
  });
  benchmark::RegisterBenchmark("normalize_rows", [](benchmark::State& state) {
    run_elements(state, [](Index rows, Index cols, F* x, F* y, F*, F*, F* rstd) {
      kernels::normalize_rows(x, rows * cols / 128, 128, 1e-5f, y, rstd);
    });
  });
  benchmark::RegisterBenchmark("normalize_rows_backward", [](benchmark::State& state) {
    run_elements(state, [](Index rows, Index cols, F* y, F* g_y, F* g_x, F*, F* rstd) {
      kernels::normalize_rows_backward(y, rstd, g_y, rows * cols / 128, 128, g_x);
    });
  });
  benchmark::RegisterBenchmark("adam", [](benchmark::State& state) {
    run_elements(state, [](Index rows, Index cols, F* gradient, F* parameter, F* moment1, F* moment2, F*) {
      kernels::adam({1e-6f, 0.9f, 0.99f, 1e-8f, 0.1f, 0.5f, 0.5f}, rows * cols, gradient, parameter, moment1, moment2);
    });
  });
}

}  // namespace
}  // namespace semlink::bench

int main(int argc, char** argv) {
  const double peak = semlink::kernels::fma_peak();
  std::cout << semlink::kernels::level() << ", bf16 " << (semlink::kernels::has_bf16() ? "native" : "emulated")
            << ", float multiply-add peak " << peak * 1e-9 << " GFLOP/s\n";
  semlink::bench::add_layers(peak);
  semlink::bench::add_others();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
