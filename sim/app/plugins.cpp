#include <semlink/app/plugins.h>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/codecs/none/uncoded.h>
#include <semlink/data/sources.h>

namespace semlink {

Plugins builtin_plugins() {
  Plugins plugins;
  add_sources(plugins.sources);
  plugins.codecs.add<UncodedPlugin>("none", "colour values as analog symbols, two to a channel use: the uncoded baseline");
  plugins.gates.add<AlwaysOpenPlugin>("always_open", "runs every stage");
  plugins.channels.add<AwgnPlugin>("awgn", "additive white Gaussian noise");
  plugins.channels.add<RayleighPlugin>("rayleigh", "flat Rayleigh fading");
  plugins.channels.add<RicianPlugin>("rician", "flat Rician fading");
  plugins.front_ends.add<GeniePlugin>("genie", "knows gain and noise variance: the bound for the others");
  plugins.front_ends.add<LeastSquaresPlugin>("ls", "pilots, least-squares estimate");
  plugins.front_ends.add<LmmsePlugin>("lmmse", "pilots, linear MMSE estimate");
  return plugins;
}

}  // namespace semlink
