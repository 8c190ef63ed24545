#include <semlink/channel/ofdm_pilots.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <semlink/core/error.h>

namespace semlink {

OfdmPilots::OfdmPilots(Index num_subcarriers, Index subcarrier_step, Index symbol_step, Index num_streams)
    : num_subcarriers_(num_subcarriers),
      subcarrier_step_(subcarrier_step),
      symbol_step_(symbol_step),
      num_streams_(num_streams) {
  if (num_subcarriers < 1 || subcarrier_step < 1 || symbol_step < 1)
    throw Error(ErrorCode::bad_argument, "OFDM pilots on every " + std::to_string(subcarrier_step) + "th of " +
                                             std::to_string(num_subcarriers) + " subcarriers of every " +
                                             std::to_string(symbol_step) + "th symbol: expected numbers from 1 up");
  if (num_streams < 1 || num_streams > std::min(subcarrier_step, num_subcarriers))
    throw Error(ErrorCode::bad_argument, "OFDM pilots of " + std::to_string(num_streams) + " streams on every " +
                                             std::to_string(subcarrier_step) + "th of " +
                                             std::to_string(num_subcarriers) +
                                             " subcarriers: expected a step and a number of at least as many");
  if (std::min(subcarrier_step, num_subcarriers) == num_streams && symbol_step == 1)
    throw Error(ErrorCode::bad_argument,
                "OFDM pilots everywhere: expected a step above 1 between symbols, or a larger one between subcarriers");
}

std::vector<Index> OfdmPilots::subcarriers(Index stream) const {
  std::vector<Index> places;
  for (Index k = stream; k < num_subcarriers_; k += subcarrier_step_) places.push_back(k);
  return places;
}

Index OfdmPilots::pilots_before(Index rows) const {
  // Among the first subcarriers of an OFDM symbol: whole groups, and what there is of the last one.
  const auto among = [&](Index subcarriers) {
    return subcarriers / subcarrier_step_ * num_streams_ + std::min(num_streams_, subcarriers % subcarrier_step_);
  };
  const Index full = rows / num_subcarriers_;
  const Index with_pilots = (full + symbol_step_ - 1) / symbol_step_;
  return with_pilots * among(num_subcarriers_) + (full % symbol_step_ == 0 ? among(rows % num_subcarriers_) : 0);
}

Index OfdmPilots::num_slots(Index frame_slots) const {
  const bool possible = frame_slots == num_streams_ || (frame_slots > num_streams_ && !is_pilot(frame_slots - 1));
  if (!possible)
    throw Error(ErrorCode::bad_argument, "frame of " + std::to_string(frame_slots) + " slots: expected " +
                                             std::to_string(num_streams_) + ", or an end that is no pilot");
  return frame_slots - pilots_before(frame_slots);
}

Index OfdmPilots::num_pilots(Index num_slots) const {
  if (num_slots == 0) return num_streams_;
  // The frame is the shortest one that holds the data: its length is reached from below, pilots only add to it.
  Index rows = num_slots;
  for (Index held = rows - pilots_before(rows); held < num_slots; held = rows - pilots_before(rows))
    rows += num_slots - held;
  return rows - num_slots;
}

Symbols OfdmPilots::insert(const Symbols& x) const {
  Symbols framed = spread(x);
  const auto value = static_cast<float>(std::sqrt(static_cast<double>(num_streams_)));
  for (Index row = 0; row < framed.rows(); ++row)
    if (is_pilot(row)) framed(row, stream_of(row)) = value;
  return framed;
}

Symbols OfdmPilots::remove(const Symbols& y) const {
  Symbols x(num_slots(y.rows()), y.cols());
  Index next = 0;
  for (Index row = 0; row < y.rows(); ++row)
    if (!is_pilot(row)) x.row(next++) = y.row(row);
  return x;
}

Symbols OfdmPilots::spread(const Symbols& g) const {
  Symbols framed = Symbols::Zero(g.rows() + num_pilots(g.rows()), g.cols());
  Index next = 0;
  for (Index row = 0; row < framed.rows(); ++row)
    if (!is_pilot(row)) framed.row(row) = g.row(next++);
  return framed;
}

}  // namespace semlink
