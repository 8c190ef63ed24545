// Images per second of the convolutional autoencoder that ../shared/peers/peer_conv.py builds in PyTorch: forward
// passes of one or several images, with noise between the halves, and whole training steps. Processor time of one
// thread. compare_torch.py runs the two in turn.
#include <benchmark/benchmark.h>
#include <semlink/app/allocator.h>
#include <semlink/codecs/deepjscc/network.h>

#include <vector>

namespace semlink::bench {
namespace {

using namespace nn;

constexpr Index kSide = 32, kPixels = kSide * kSide;
constexpr float kNoiseStd = 0.2236F;  // per real, of 10 dB

/// x plus noise drawn afresh; what carries the gradient back is x itself.
Var<float> add_noise(Context<float>& context, const Var<float>& x, Stream& stream) {
  const Var<float> noise = context.tape.constant(x.rows(), x.cols());
  stream.normals({noise.data(), static_cast<std::size_t>(x.rows() * x.cols())});
  noise.value() *= kNoiseStd;
  return add(context, x, noise);
}

Var<float> link(Context<float>& context, const deepjscc::Network& network, const RowMatrix<float>& pixels,
                Stream& stream) {
  const Var<float> sent = network.encode(context, input<float>(context, pixels), {kSide, kSide});
  return network.decode(context, add_noise(context, sent, stream), {kSide, kSide});
}

void forward(benchmark::State& state) {
  const deepjscc::Network network({state.range(0)});
  const FlatVector<float> parameters = network.starting_point(1);
  const RowMatrix<float> pixels = RowMatrix<float>::Random(state.range(1) * kPixels, 3);
  Tape<float> tape(false);
  Stream stream(1, Purpose::user, 0);
  for (auto _ : state) {
    Context<float> context{tape, network.layout(), parameters};
    benchmark::DoNotOptimize(link(context, network, pixels, stream).data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

/// Forward, loss, backward and Adam, the batch in stacks of sixteen images.
void training_step(benchmark::State& state) {
  constexpr Index kStack = 16;
  const deepjscc::Network network({state.range(0)});
  FlatVector<float> parameters = network.starting_point(1);
  FlatVector<float> moment1 = FlatVector<float>::Zero(parameters.size()), moment2 = moment1, gradients = moment1;
  const RowMatrix<float> pixels = RowMatrix<float>::Random(kStack * kPixels, 3);
  const std::vector<float> weights(static_cast<std::size_t>(pixels.rows()), 1e-3F);
  Tape<float> tape(true);
  Stream stream(1, Purpose::user, 0);
  for (auto _ : state) {
    gradients.setZero();
    for (Index stack = 0; stack < state.range(1) / kStack; ++stack) {
      tape.clear();
      Context<float> context{tape, network.layout(), parameters, &gradients};
      const std::span<const float> target(pixels.data(), static_cast<std::size_t>(pixels.size()));
      tape.backward(squared_error<float>(context, link(context, network, pixels, stream), target, weights));
    }
    kernels::adam({1e-4F, 0.9F, 0.999F, 1e-8F, 0, 0.5F, 0.5F}, parameters.size(), gradients.data(), parameters.data(),
                  moment1.data(), moment2.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

BENCHMARK(forward)->ArgNames({"channels", "images"})->Args({8, 1})->Args({8, 64})->Args({16, 1})->Args({16, 64});
BENCHMARK(training_step)->ArgNames({"channels", "images"})->Args({8, 64})->Args({16, 64});

}  // namespace
}  // namespace semlink::bench

// With memory as `semlink` has it.
int main(int argc, char** argv) {
  semlink::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
