// Is what is saved in MACs saved on the clock? Encoder and decoder of the adaptive transceiver (its default size,
// untrained: the numbers do not matter) over keep ratios and depths; `ns_per_kmac` is to stay within 1.15 of the full
// model's. `encoder` is the transmitter alone, half of the tokens left by each selector: what choosing and merging take
// is in its time and in its MACs, and `ns_per_kmac` is to stay within 1.2 of the encoder's that keeps all. The same for
// the decoder's mechanisms of depth alone, `setting` in percent of what each of them lets run. Processor time of one
// thread.
#include <benchmark/benchmark.h>
#include <semlink/app/allocator.h>
#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/adaptive/depth/depth.h>
#include <semlink/codecs/gates/fixed_depth.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace semlink::bench {
namespace {

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// range(0): kept tokens in percent; range(1): decoder depth.
void transceiver(benchmark::State& state) {
  adaptive::NetworkConfig config;
  config.encoder_blocks = 2;
  const adaptive::Network network(config);
  const adaptive::AdaptiveCodec codec({config, nn::initial_parameters(network.layout(), 1), ""},
                                      {1.0 / 12, static_cast<double>(state.range(0)) / 100, "uniform"});
  const FixedDepth encoder_gate(config.encoder_blocks), gate(state.range(1));
  Sample sample;
  sample.image = {32, 32, std::vector<float>(3072, 0.25F)};
  MacLedger ledger;
  const double began = processor_seconds();
  for (auto _ : state) {
    EncodeWork encode{10.0, encoder_gate, ledger, {1, 1, 0}, [](Index bits) { return bits; }};
    const Payload payload = codec.encode(sample, encode);
    Received received;
    received.symbols = payload.symbols;
    received.noise_var = Eigen::VectorXf::Constant(payload.symbols.rows(), 0.1F);
    received.header_ok = true;
    received.quality = {10, 0.1};
    for (const SideInfo& piece : payload.side_info) received.side_info.push_back(piece.bits);
    DecodeWork decode{gate, ledger, {1, 1, 0}, 32, 32};
    benchmark::DoNotOptimize(codec.decode(received, decode).image.values.data());
  }
  const double seconds = processor_seconds() - began;
  state.counters["mmacs"] = static_cast<double>(ledger.macs) / 1e6 / static_cast<double>(state.iterations());
  state.counters["ns_per_kmac"] = seconds * 1e12 / static_cast<double>(ledger.macs);
}

/// range(0): number of the selector, -1 to keep all tokens.
void encoder(benchmark::State& state) {
  adaptive::NetworkConfig config;
  config.encoder_blocks = 3;
  const adaptive::Network network(config);
  const bool selects = state.range(0) >= 0;
  const adaptive::Selector& selector = adaptive::selectors()[static_cast<std::size_t>(std::max(0L, state.range(0)))];
  adaptive::Rate rate{1.0 / 6, selects ? 0.5 : 1, std::string(selector.name)};
  rate.keep_threshold = 1e6;  // above every score: `threshold` keeps one token
  const adaptive::AdaptiveCodec codec({config, nn::initial_parameters(network.layout(), 1), ""}, rate);
  const FixedDepth gate(config.encoder_blocks);
  Sample sample;
  sample.image = {32, 32, std::vector<float>(3072)};
  Stream stream(1, Purpose::user, 0);
  for (float& value : sample.image.values) value = static_cast<float>(stream.uniform());
  MacLedger ledger;
  const double began = processor_seconds();
  for (auto _ : state) {
    EncodeWork work{10.0, gate, ledger, {1, 1, 0}, [](Index bits) { return bits; }};
    benchmark::DoNotOptimize(codec.encode(sample, work).symbols.data());
  }
  const double seconds = processor_seconds() - began;
  state.SetLabel(selects ? std::string(selector.name) : "all");
  state.counters["mmacs"] = static_cast<double>(ledger.macs) / 1e6 / static_cast<double>(state.iterations());
  state.counters["ns_per_kmac"] = seconds * 1e12 / static_cast<double>(ledger.macs);
}

/// Random gates, so that they differ from image to image and from block to block.
nn::FlatVector<float> with_random_gates(const adaptive::Network& network) {
  nn::FlatVector<float> values = nn::initial_parameters(network.layout(), 1);
  Stream stream(2, Purpose::user, 0);
  for (const nn::Slot& slot : network.layout().slots())
    for (const char* gate : {".skip", ".halt", ".depth_router", ".plan"})
      if (slot.name.find(gate) != std::string::npos)
        for (Index i = 0; i < slot.size(); ++i) values[slot.offset + i] = 0.3F * stream.normal();
  return values;
}

/// range(0): line of `adaptive::depth_mechanisms`; range(1): setting in percent.
void mechanism_of_depth(benchmark::State& state) {
  adaptive::NetworkConfig config;
  const adaptive::DepthMechanism& mechanism = adaptive::depth_mechanisms()[static_cast<std::size_t>(state.range(0))];
  config.depth = mechanism.name;
  const adaptive::Network network(config);
  const nn::FlatVector<float> values = with_random_gates(network);
  adaptive::DepthOptions options;
  const double setting = static_cast<double>(state.range(1)) / 100;
  if (mechanism.name == "skip") options.skip_threshold = 1 - setting;
  if (mechanism.name == "mod") options.mod_share = setting;
  if (mechanism.name == "halting" || mechanism.name == "pondering") options.halt_at = setting;
  nn::Tape<float> tape(false);
  const nn::PackedParameters packed(network.layout(), values);
  const std::vector<adaptive::Grid> grids{{8, 8}};
  const std::vector<adaptive::TokenPlace> places = adaptive::raster_places(grids);
  std::vector<RowMatrix<float>> descriptions(64, RowMatrix<float>(64, 3 * config.max_width));
  Stream stream(3, Purpose::user, 0);
  for (RowMatrix<float>& description : descriptions)
    for (Index i = 0; i < description.size(); ++i) description.data()[i] = stream.normal();
  MacLedger ledger;
  double blocks = 0;
  std::size_t next = 0;
  const double began = processor_seconds();
  for (auto _ : state) {
    nn::Context<float> context{tape, network.layout(), values, nullptr, &ledger};
    context.packed = &packed;
    const nn::Var<float> received = nn::input<float>(context, descriptions[next++ % descriptions.size()]);
    const nn::Var<float> condition = network.decoder_condition(context, {{10.0, config.max_width, 1, 1}});
    const auto way = adaptive::start_depth<float>({context, network, condition, grids, options},
                                                  network.receive(context, received, places, grids));
    while (!way->finished()) way->advance();
    benchmark::DoNotOptimize(way->output().x.data());
    blocks += way->depth(0);
  }
  const double seconds = processor_seconds() - began;
  state.SetLabel(std::string(mechanism.name));
  state.counters["blocks"] = blocks / static_cast<double>(state.iterations());
  state.counters["mmacs"] = static_cast<double>(ledger.macs) / 1e6 / static_cast<double>(state.iterations());
  state.counters["ns_per_kmac"] = seconds * 1e12 / static_cast<double>(ledger.macs);
}

/// The feed-forward part of a block over stacked images of 64 tokens: range(0) experts, one for each token, or 1 for a
/// dense one of the same width; range(1) width; range(2) images.
void feed_forward(benchmark::State& state) {
  const Index num_experts = state.range(0), dim = state.range(1), num_images = state.range(2);
  nn::ParameterLayout layout;
  const nn::Mlp dense(layout, "dense", dim, 4 * dim, dim, nn::Init::scaled_normal);
  const nn::Experts experts(layout, "experts", dim, {.num_experts = num_experts});
  const nn::FlatVector<float> values = nn::initial_parameters(layout, 1);
  const nn::PackedParameters packed(layout, values);
  nn::RowGroups samples;
  nn::Windows windows;
  for (Index i = 0; i < num_images; ++i) {
    samples.append(64);
    windows.rows.append(64);
    for (Index t = 0; t < 64; ++t) windows.place.push_back(static_cast<std::uint8_t>(t));
  }
  RowMatrix<float> rows(64 * num_images, dim);
  Stream stream(1, Purpose::user, 0);
  for (Index i = 0; i < rows.size(); ++i) rows.data()[i] = stream.normal();
  nn::Tape<float> tape(false);
  MacLedger ledger;
  const double began = processor_seconds();
  for (auto _ : state) {
    nn::Context<float> context{tape, layout, values, nullptr, &ledger};
    context.packed = &packed;
    const nn::Var<float> x = nn::input<float>(context, rows);
    const nn::Var<float> y = num_experts > 1 ? experts(context, x, x, samples, windows) : dense(context, x, &x);
    benchmark::DoNotOptimize(y.data());
  }
  const double seconds = processor_seconds() - began;
  state.counters["mmacs"] = static_cast<double>(ledger.macs) / 1e6 / static_cast<double>(state.iterations());
  state.counters["ns_per_kmac"] = seconds * 1e12 / static_cast<double>(ledger.macs);
}

BENCHMARK(feed_forward)->ArgNames({"experts", "width", "images"})->ArgsProduct({{1, 4, 8}, {64, 128}, {1, 16}});

BENCHMARK(mechanism_of_depth)->ArgNames({"mechanism", "setting"})->ArgsProduct({{0, 1, 2, 3, 4, 5}, {25, 50, 95}});

BENCHMARK(encoder)->ArgName("selector")->DenseRange(-1, static_cast<int>(adaptive::selectors().size()) - 1);
BENCHMARK(transceiver)->ArgNames({"keep_percent", "depth"})->ArgsProduct({{100, 75, 50, 25}, {6, 4, 2, 1}});

}  // namespace
}  // namespace semlink::bench

// With memory as `semlink` has it.
int main(int argc, char** argv) {
  semlink::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
