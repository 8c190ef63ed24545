#include <semlink/channel/pilot_pattern.h>

#include <algorithm>
#include <string>

#include <semlink/core/error.h>

namespace semlink {

PilotPattern::PilotPattern(Index spacing) : spacing_(spacing) {
  if (spacing < 1)
    throw Error(ErrorCode::bad_argument, "pilot spacing = " + std::to_string(spacing) + ": expected at least 1");
}

Index PilotPattern::num_pilots(Index num_uses) const { return 1 + (num_uses + spacing_ - 1) / spacing_; }

Index PilotPattern::num_symbols(Index frame_uses) const {
  // Without the last pilot the frame is groups of one pilot and `spacing` symbols; the last group may be shorter.
  const Index grouped = frame_uses - 1;
  const Index num_symbols = grouped - (grouped + spacing_) / (spacing_ + 1);
  if (frame_uses < 1 || num_symbols + num_pilots(num_symbols) != frame_uses)
    throw Error(ErrorCode::bad_argument, "frame of " + std::to_string(frame_uses) +
                                             " channel uses: no number of symbols gives " +
                                             "that with a pilot spacing of " + std::to_string(spacing_));
  return num_symbols;
}

Index PilotPattern::pilot_row(Index k, Index frame_uses) const { return std::min(k * (spacing_ + 1), frame_uses - 1); }

Symbols PilotPattern::insert(const Symbols& x) const { return insert(x, kPilot); }

Symbols PilotPattern::spread(const Symbols& g) const { return insert(g, Complex(0, 0)); }

Symbols PilotPattern::insert(const Symbols& x, Complex pilot) const {
  Symbols framed = Symbols::Constant(x.rows() + num_pilots(x.rows()), 1, pilot);
  for (Index i = 0; i < x.rows(); ++i) framed(symbol_row(i), 0) = x(i, 0);
  return framed;
}

Symbols PilotPattern::remove(const Symbols& y) const {
  Symbols x(num_symbols(y.rows()), 1);
  for (Index i = 0; i < x.rows(); ++i) x(i, 0) = y(symbol_row(i), 0);
  return x;
}

}  // namespace semlink
