#include <semlink/channel/ofdm_grid.h>

namespace semlink {

void OfdmSettings::declare(Keys& keys) {
  keys.integer("ofdm.num_subcarriers", num_subcarriers)
      .range(2, 8192)
      .help("subcarriers of an OFDM symbol, all of them used; channel uses fill one symbol after the other");
  keys.number("ofdm.spacing_hz", spacing_hz).unit("Hz").range(1, 1e9).help("distance of two subcarriers");
  keys.integer("ofdm.prefix", prefix)
      .unit("samples")
      .range(0, 8192)
      .help("cyclic prefix, at most ofdm.num_subcarriers; it costs time but no channel uses");
}

}  // namespace semlink
