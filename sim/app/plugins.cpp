#include <semlink/app/plugins.h>

#include <semlink/channel/awgn.h>
#include <semlink/channel/binary_channel.h>
#include <semlink/channel/burst_noise.h>
#include <semlink/channel/erasure.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/channel/interference.h>
#include <semlink/channel/mimo_channel.h>
#include <semlink/channel/mimo_front_ends.h>
#include <semlink/channel/mimo_ofdm_front_end.h>
#include <semlink/channel/ofdm_front_end.h>
#include <semlink/channel/tdl_channel.h>
#include <semlink/codecs/adaptive/plugin.h>
#include <semlink/codecs/deepjscc/plugin.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/gates/class_patience.h>
#include <semlink/codecs/gates/confidence.h>
#include <semlink/codecs/gates/entropy.h>
#include <semlink/codecs/gates/fixed_depth.h>
#include <semlink/codecs/gates/gain_db.h>
#include <semlink/codecs/gates/mac_budget.h>
#include <semlink/codecs/gates/patience.h>
#include <semlink/codecs/gates/predicted_gain.h>
#include <semlink/codecs/gates/snr_table.h>
#include <semlink/codecs/gates/target_quality.h>
#include <semlink/codecs/none/uncoded.h>
#include <semlink/data/sources.h>
#include <semlink/record/weights.h>

namespace semlink {

namespace {

adaptive::Model read_model(const std::filesystem::path& path) {
  LoadedWeights weights = read_weights(path);
  return {weights.config, std::move(weights.values), std::move(weights.checksum)};
}

deepjscc::Model read_deepjscc_model(const std::filesystem::path& path) {
  DeepJsccWeights weights = read_deepjscc_weights(path);
  return {weights.config, std::move(weights.values), std::move(weights.checksum)};
}

}  // namespace

Plugins builtin_plugins() {
  Plugins plugins;
  add_sources(plugins.sources);
  plugins.codecs.add<UncodedPlugin>("none", "colour values as analog symbols, two to a channel use: the uncoded baseline; of a source of bits, the bits");
  plugins.codecs.add("adaptive", "transformer transceiver with token selection, exits on both sides and any rate",
                     [](const std::string&) { return std::make_unique<adaptive::AdaptivePlugin>(read_model); });
  plugins.codecs.add(
      "deepjscc", "the published convolutional transceiver of fixed rate and compute",
      [](const std::string&) { return std::make_unique<deepjscc::DeepJsccPlugin>(read_deepjscc_model); });
  plugins.gates.add<AlwaysOpenPlugin>("always_open", "runs every stage");
  plugins.gates.add<FixedDepthPlugin>("fixed_depth", "runs a given number of stages");
  plugins.gates.add<SnrTablePlugin>("snr_table", "depth by SNR from a table");
  plugins.gates.add<PredictedGainPlugin>("learned", "runs a stage while its predicted gain is worth its MACs");
  plugins.gates.add<GainDbPlugin>("predicted_gain", "runs a stage while its predicted decibels are worth its MACs");
  plugins.gates.add<PatiencePlugin>("patience", "stops when stages in a row have left the output as it was");
  plugins.gates.add<TargetQualityPlugin>("target_quality", "stops when the output is predicted to reach a PSNR");
  plugins.gates.add<ConfidencePlugin>("confidence", "stops when one class is likely enough");
  plugins.gates.add<EntropyPlugin>("entropy", "stops when the classes' probabilities have little entropy");
  plugins.gates.add<ClassPatiencePlugin>("class_patience", "stops when stages in a row have left the class as it was");
  plugins.gates.add<MacBudgetPlugin>("mac_budget", "runs stages while they fit a budget of MACs");
  plugins.channels.add<AwgnPlugin>("awgn", "additive white Gaussian noise");
  plugins.channels.add<RayleighPlugin>("rayleigh", "flat Rayleigh fading");
  plugins.channels.add<RicianPlugin>("rician", "flat Rician fading");
  for (const std::string& profile : tdl_names())
    plugins.channels.add(profile, "OFDM over the 3GPP delay profile of that name",
                         [profile](const std::string&) { return std::make_unique<TdlPlugin>(profile); });
  plugins.channels.add<MimoPlugin>("mimo", "spatial multiplexing over a Rayleigh matrix channel");
  for (const std::string& profile : tdl_names())
    plugins.channels.add(
        "mimo_" + profile, "spatial multiplexing over OFDM, the 3GPP delay profile between every two antennas",
        [profile](const std::string&) { return std::make_unique<MimoPlugin>(TdlSettings{.profile = profile}); });
  plugins.channels.add<GilbertElliottPlugin>("gilbert_elliott", "Gaussian noise that comes in bursts");
  plugins.channels.add<BernoulliGaussPlugin>("bernoulli_gauss", "impulsive noise: some channel uses are hit");
  plugins.channels.add<MiddletonPlugin>("middleton_a", "impulsive noise: Middleton's class A");
  plugins.channels.add<InterferencePlugin>("interference", "Gaussian noise and other transmitters on the same channel");
  plugins.channels.add<SymbolErasurePlugin>("symbol_erasure", "Gaussian noise, and symbols that are lost");
  plugins.channels.add<PacketErasurePlugin>("packet_erasure", "Gaussian noise, and packets that are lost");
  plugins.channels.add<BscPlugin>("bsc", "binary symmetric channel for the bits of bpsk and qpsk");
  plugins.channels.add<BecPlugin>("bec", "binary erasure channel for the bits of bpsk and qpsk");
  plugins.front_ends.add<UnequalizedPlugin>(
      "none", "takes what arrives as it is, as over white noise of the power that it is told");
  plugins.front_ends.add<GeniePlugin>("genie", "knows gain and noise variance: the bound for the others");
  plugins.front_ends.add<LeastSquaresPlugin>("ls", "pilots, least-squares estimate");
  plugins.front_ends.add<LmmsePlugin>("lmmse", "pilots, linear MMSE estimate");
  plugins.front_ends.add<MimoFrontEndPlugin>(
      "mimo_genie", "knows the channel matrix: separates the streams of channel.model = mimo and mimo_tdl*");
  plugins.front_ends.add<MimoLeastSquaresPlugin>("mimo_ls", "orthogonal pilots of the streams, least-squares estimate of the channel matrix");
  plugins.front_ends.add<MimoLmmsePlugin>("mimo_lmmse", "orthogonal pilots of the streams, linear MMSE estimate of the channel matrix");
  plugins.front_ends.add<MimoOfdmLeastSquaresPlugin>(
      "mimo_ofdm_ls", "OFDM pilots of each stream, straight lines between least-squares estimates of the matrices");
  plugins.front_ends.add<MimoOfdmLmmsePlugin>(
      "mimo_ofdm_lmmse", "OFDM pilots of each stream, linear MMSE estimate of the matrices over frequency and time");
  plugins.front_ends.add<OfdmLeastSquaresPlugin>("ofdm_ls", "OFDM pilots, straight lines between least-squares estimates");
  plugins.front_ends.add<OfdmLmmsePlugin>("ofdm_lmmse", "OFDM pilots, linear MMSE estimate over frequency and time");
  return plugins;
}

}  // namespace semlink
