#include <semlink/app/plugins.h>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/codecs/adaptive/codec.h>
#include <semlink/codecs/gates/always_open.h>
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

}  // namespace

Plugins builtin_plugins() {
  Plugins plugins;
  add_sources(plugins.sources);
  plugins.codecs.add<UncodedPlugin>("none", "colour values as analog symbols, two to a channel use: the uncoded baseline");
  plugins.codecs.add("adaptive", "transformer transceiver with token selection, exits on both sides and any rate",
                     [](const std::string&) { return std::make_unique<adaptive::AdaptivePlugin>(read_model); });
  plugins.gates.add<AlwaysOpenPlugin>("always_open", "runs every stage");
  plugins.gates.add<FixedDepthPlugin>("fixed_depth", "runs a given number of stages");
  plugins.gates.add<SnrTablePlugin>("snr_table", "depth by SNR from a table");
  plugins.gates.add<PredictedGainPlugin>("learned", "runs a stage while its predicted gain is worth its MACs");
  plugins.gates.add<GainDbPlugin>("predicted_gain", "runs a stage while its predicted decibels are worth its MACs");
  plugins.gates.add<PatiencePlugin>("patience", "stops when stages in a row have left the output as it was");
  plugins.gates.add<TargetQualityPlugin>("target_quality", "stops when the output is predicted to reach a PSNR");
  plugins.gates.add<MacBudgetPlugin>("mac_budget", "runs stages while they fit a budget of MACs");
  plugins.channels.add<AwgnPlugin>("awgn", "additive white Gaussian noise");
  plugins.channels.add<RayleighPlugin>("rayleigh", "flat Rayleigh fading");
  plugins.channels.add<RicianPlugin>("rician", "flat Rician fading");
  plugins.front_ends.add<GeniePlugin>("genie", "knows gain and noise variance: the bound for the others");
  plugins.front_ends.add<LeastSquaresPlugin>("ls", "pilots, least-squares estimate");
  plugins.front_ends.add<LmmsePlugin>("lmmse", "pilots, linear MMSE estimate");
  return plugins;
}

}  // namespace semlink
