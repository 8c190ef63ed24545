#include <semlink/channel/ofdm_pilots.h>

#include <algorithm>
#include <string>

#include <semlink/core/error.h>

namespace semlink {

OfdmPilots::OfdmPilots(Index num_subcarriers, Index subcarrier_step, Index symbol_step)
    : num_subcarriers_(num_subcarriers), subcarrier_step_(subcarrier_step), symbol_step_(symbol_step) {
  if (num_subcarriers < 1 || subcarrier_step < 1 || symbol_step < 1)
    throw Error(ErrorCode::bad_argument, "OFDM pilots on every " + std::to_string(subcarrier_step) + "th of " +
                                             std::to_string(num_subcarriers) + " subcarriers of every " +
                                             std::to_string(symbol_step) + "th symbol: expected numbers from 1 up");
  if (subcarrier_step == 1 && symbol_step == 1)
    throw Error(ErrorCode::bad_argument,
                "OFDM pilots everywhere: expected a step above 1 between subcarriers or symbols");
}

Index OfdmPilots::pilots_before(Index rows) const {
  const Index full = rows / num_subcarriers_;
  const Index with_pilots = (full + symbol_step_ - 1) / symbol_step_;
  Index count = with_pilots * pilots_per_symbol();
  if (full % symbol_step_ == 0) count += (rows % num_subcarriers_ + subcarrier_step_ - 1) / subcarrier_step_;
  return count;
}

Index OfdmPilots::num_symbols(Index frame_uses) const {
  const bool possible = frame_uses == 1 || (frame_uses > 1 && !is_pilot(frame_uses - 1));
  if (!possible)
    throw Error(ErrorCode::bad_argument,
                "frame of " + std::to_string(frame_uses) + " channel uses: expected 1, or an end that is no pilot");
  return frame_uses - pilots_before(frame_uses);
}

Index OfdmPilots::num_pilots(Index num_uses) const {
  if (num_uses == 0) return 1;
  // The frame is the shortest one that holds the data: its length is reached from below, pilots only add to it.
  Index rows = num_uses;
  for (Index held = rows - pilots_before(rows); held < num_uses; held = rows - pilots_before(rows))
    rows += num_uses - held;
  return rows - num_uses;
}

Symbols OfdmPilots::insert(const Symbols& x, Complex pilot) const {
  Symbols framed(x.rows() + num_pilots(x.rows()), 1);
  Index next = 0;
  for (Index row = 0; row < framed.rows(); ++row) framed(row, 0) = is_pilot(row) ? pilot : x(next++, 0);
  return framed;
}

Symbols OfdmPilots::remove(const Symbols& y) const {
  Symbols x(num_symbols(y.rows()), 1);
  Index next = 0;
  for (Index row = 0; row < y.rows(); ++row)
    if (!is_pilot(row)) x(next++, 0) = y(row, 0);
  return x;
}

}  // namespace semlink
