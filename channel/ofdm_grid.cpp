#include <semlink/channel/ofdm_grid.h>

#include <string>

#include <semlink/core/error.h>

namespace semlink {

void OfdmGrid::require_prefix() const {
  if (prefix < 0 || prefix > num_subcarriers)
    throw Error(ErrorCode::bad_argument, "ofdm.prefix = " + std::to_string(prefix) + " samples: expected [0, " +
                                             std::to_string(num_subcarriers) + "], at most one symbol");
}

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
