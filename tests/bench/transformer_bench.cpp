// Images per second of the transformer that ../shared/peers/peer_vit.py builds in PyTorch (64 tokens of 4x4 pixels,
// encoder and decoder of `depth` blocks), on our tape: forward passes of one or several images and whole training
// steps. Processor time of one thread. compare_torch.py runs the two in turn.
#include <benchmark/benchmark.h>
#include <semlink/app/allocator.h>
#include <semlink/codecs/nn/block.h>
#include <semlink/codecs/nn/kernels/kernels.h>

#include <vector>

namespace semlink::bench {
namespace {

using namespace nn;

constexpr Index kTokens = 64, kPatchReals = 48, kSymbolReals = 8;

/// The peer's network with our block, which adds position biases and a modulation of the norms.
struct Transformer {
  ParameterLayout layout;
  Linear embed, to_symbols, from_symbols, head;
  std::vector<Block> encoder, decoder;

  Transformer(Index dim, Index depth) {
    const Block::Shape shape{.dim = dim, .num_heads = dim / 32, .mlp_ratio = 4, .condition_dim = 16};
    embed = Linear(layout, "embed", kPatchReals, dim);
    to_symbols = Linear(layout, "to_symbols", dim, kSymbolReals);
    from_symbols = Linear(layout, "from_symbols", kSymbolReals, dim);
    head = Linear(layout, "head", dim, kPatchReals);
    for (Index b = 0; b < depth; ++b) {
      encoder.emplace_back(layout, "encoder" + std::to_string(b), shape);
      decoder.emplace_back(layout, "decoder" + std::to_string(b), shape);
    }
  }

  Var<float> operator()(Context<float>& context, const RowMatrix<float>& patches,
                        const RowMatrix<float>& condition_reals, const RowGroups& samples,
                        const std::shared_ptr<const Windows>& windows) const {
    const Var<float> condition = input<float>(context, condition_reals);
    Var<float> x = embed(context, input<float>(context, patches));
    for (const Block& block : encoder) x = block(context, x, condition, samples, windows);
    const std::vector<Index> symbols(static_cast<std::size_t>(samples.size()), kTokens * kSymbolReals / 2);
    x = from_symbols(context, unit_power(context, to_symbols(context, x), samples, symbols));
    for (const Block& block : decoder) x = block(context, x, condition, samples, windows);
    return head(context, x);
  }
};

/// `num_images` images stacked.
struct Batch {
  RowGroups samples;
  std::shared_ptr<Windows> windows = std::make_shared<Windows>();
  RowMatrix<float> patches, condition;

  explicit Batch(Index num_images)
      : patches(RowMatrix<float>::Random(num_images * kTokens, kPatchReals)),
        condition(RowMatrix<float>::Random(num_images, 16)) {
    for (Index i = 0; i < num_images; ++i) {
      samples.append(kTokens);
      windows->rows.append(kTokens);
      for (Index t = 0; t < kTokens; ++t) windows->place.push_back(static_cast<std::uint8_t>(t));
    }
  }
};

void forward(benchmark::State& state) {
  const Transformer network(state.range(0), state.range(1));
  const FlatVector<float> parameters = initial_parameters(network.layout, 1);
  const PackedParameters packed(network.layout, parameters);  // as a codec has them
  const Batch batch(state.range(2));
  Tape<float> tape(false);
  for (auto _ : state) {
    Context<float> context{tape, network.layout, parameters};
    context.packed = &packed;
    benchmark::DoNotOptimize(network(context, batch.patches, batch.condition, batch.samples, batch.windows).data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

/// Forward, loss, backward and Adam, the batch in stacks of eight images.
void training_step(benchmark::State& state, kernels::Precision precision) {
  constexpr Index kStack = 8;
  const Transformer network(state.range(0), state.range(1));
  FlatVector<float> parameters = initial_parameters(network.layout, 1);
  FlatVector<float> moment1 = FlatVector<float>::Zero(parameters.size()), moment2 = moment1, gradients = moment1;
  const Batch batch(kStack);
  Tape<float> tape(true);
  const std::vector<float> weights(static_cast<std::size_t>(batch.patches.rows()), 1e-3F);
  for (auto _ : state) {
    gradients.setZero();
    for (Index stack = 0; stack < state.range(2) / kStack; ++stack) {
      tape.clear();
      Context<float> context{tape, network.layout, parameters, &gradients, nullptr, precision};
      const Var<float> out = network(context, batch.patches, batch.condition, batch.samples, batch.windows);
      const std::span<const float> target(batch.patches.data(), static_cast<std::size_t>(batch.patches.size()));
      tape.backward(squared_error<float>(context, out, target, weights));
    }
    kernels::adam({1e-4F, 0.9F, 0.999F, 1e-8F, 0, 0.5F, 0.5F}, parameters.size(), gradients.data(), parameters.data(),
                  moment1.data(), moment2.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

BENCHMARK(forward)
    ->ArgNames({"dim", "depth", "images"})
    ->Args({128, 6, 1})
    ->Args({128, 6, 16})
    ->Args({128, 6, 64})
    ->Args({192, 12, 1})
    ->Args({192, 12, 16});
BENCHMARK_CAPTURE(training_step, f32, kernels::Precision::f32)
    ->ArgNames({"dim", "depth", "images"})
    ->Args({128, 6, 64})
    ->Args({192, 12, 16});
BENCHMARK_CAPTURE(training_step, bf16, kernels::Precision::bf16)
    ->ArgNames({"dim", "depth", "images"})
    ->Args({128, 6, 64});

}  // namespace
}  // namespace semlink::bench

// With memory as `semlink` has it.
int main(int argc, char** argv) {
  semlink::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
