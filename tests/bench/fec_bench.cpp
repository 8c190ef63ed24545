// Speed of the codes in information bits per second: decoders at a fixed number of iterations on noisy words, encoders.
// Processor time of one thread.
#include <benchmark/benchmark.h>
#include <semlink/app/allocator.h>
#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/nr_ldpc.h>
#include <semlink/core/rng.h>

#include <string>

namespace semlink::bench {
namespace {

Bits random_bits(Index count) {
  Stream stream(1, Purpose::user, 0);
  Bits bits(static_cast<std::size_t>(count));
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  return bits;
}

/// LLRs of BPSK in AWGN; at 2 dB per code bit the words of rate 1/2 decode.
Llrs noisy(const Bits& sent) {
  Stream stream(2, Purpose::user, 0);
  const float noise_std = 0.6f;
  Llrs llrs;
  for (const std::uint8_t bit : sent)
    llrs.push_back(2 / (noise_std * noise_std) * ((bit ? -1.0f : 1.0f) + noise_std * stream.normal()));
  return llrs;
}

void count_bits(benchmark::State& state, const Code& code) {
  state.counters["bit/s"] =
      benchmark::Counter(static_cast<double>(code.info_bits() * state.iterations()), benchmark::Counter::kIsRate);
}

void run_decoder(benchmark::State& state, const CodeSettings& settings) {
  const auto code = make_code(settings);
  const Llrs llrs = noisy(code->encode(random_bits(code->message_bits())));
  for (auto _ : state) benchmark::DoNotOptimize(code->decode(llrs));
  count_bits(state, *code);
}

/// Independent words, a word in each lane where that pays.
void run_words(benchmark::State& state, const CodeSettings& settings) {
  const auto code = make_code(settings);
  const Llrs word = noisy(code->encode(random_bits(code->message_bits())));
  constexpr Index kWords = 64;
  Llrs llrs;
  for (Index i = 0; i < kWords; ++i) llrs.insert(llrs.end(), word.begin(), word.end());
  for (auto _ : state) benchmark::DoNotOptimize(code->decode_words(llrs));
  state.counters["bit/s"] = benchmark::Counter(static_cast<double>(kWords * code->info_bits() * state.iterations()),
                                               benchmark::Counter::kIsRate);
}

void run_encoder(benchmark::State& state, const CodeSettings& settings) {
  const auto code = make_code(settings);
  const Bits message = random_bits(code->message_bits());
  for (auto _ : state) benchmark::DoNotOptimize(code->encode(message));
  count_bits(state, *code);
}

/// The encoder alone, without rate matching.
void run_parity(benchmark::State& state) {
  const NrLdpcEncoder encoder(1, 384);
  const Bits info = random_bits(encoder.info_bits());
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(info, 46));
  state.counters["bit/s"] =
      benchmark::Counter(static_cast<double>(encoder.info_bits() * state.iterations()), benchmark::Counter::kIsRate);
}

void add_all() {
  for (const Index info_bits : {500, 1024, 3840, 8448}) {
    const std::string size = "/" + std::to_string(info_bits);
    for (const std::string& decoder : decoder_names("nr_ldpc")) {
      const CodeSettings settings{.info_bits = info_bits,
                                  .coded_bits = 2 * info_bits,
                                  .decoder = decoder,
                                  .iterations = 10,
                                  .early_stop = false};
      benchmark::RegisterBenchmark(("nr_ldpc/" + decoder + size).c_str(), run_decoder, settings);
    }
    benchmark::RegisterBenchmark(("nr_ldpc/encode" + size).c_str(), run_encoder,
                                 CodeSettings{.info_bits = info_bits, .coded_bits = 2 * info_bits});
  }
  for (const Index info_bits : {100, 500, 1000})
    benchmark::RegisterBenchmark(("nr_ldpc/oms_layered_int8/64_words/" + std::to_string(info_bits)).c_str(), run_words,
                                 CodeSettings{.info_bits = info_bits,
                                              .coded_bits = 2 * info_bits,
                                              .decoder = "oms_layered_int8",
                                              .iterations = 10,
                                              .early_stop = false});
  for (const std::string name : {"conv_k7", "conv_k7_tail_biting"}) {
    const CodeSettings settings{.code = name, .info_bits = 1024, .coded_bits = 2060};
    benchmark::RegisterBenchmark((name + "/viterbi/1024").c_str(), run_decoder, settings);
    benchmark::RegisterBenchmark((name + "/encode/1024").c_str(), run_encoder, settings);
  }
  for (const std::string& decoder : decoder_names("nr_polar")) {
    const CodeSettings settings{.code = "nr_polar", .info_bits = 64, .coded_bits = 128, .decoder = decoder};
    benchmark::RegisterBenchmark(("nr_polar/" + decoder + "/64").c_str(), run_decoder, settings);
  }
  benchmark::RegisterBenchmark("nr_ldpc/parity_46_columns/8448", run_parity);
}

}  // namespace
}  // namespace semlink::bench

// With memory as `semlink` has it.
int main(int argc, char** argv) {
  semlink::keep_freed_memory();
  semlink::bench::add_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
