#include <semlink/codecs/gates/fixed_depth.h>

#include <semlink/codecs/gates/predicted_gain.h>

namespace semlink {

void FixedDepthPlugin::declare(Keys& keys) {
  keys.integer(section_ + ".depth", depth_)
      .range(0, 1000)
      .unit("1")
      .help("Stages that are run; more than there are runs all." + always_run_note(section_));
}

}  // namespace semlink
