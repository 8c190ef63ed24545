#include <semlink/channel/waveform/packet.h>

#include <algorithm>
#include <memory>
#include <numbers>
#include <string>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

struct SequenceDeleter {
  void operator()(msequence_s* object) const { msequence_destroy(object); }
};
struct PilotDeleter {
  void operator()(qpilotgen_s* object) const { qpilotgen_destroy(object); }
};

/// qpilotgen crashes for fewer or more: it has no sequence of that length.
constexpr Index kFewestPilots = 3;
constexpr Index kMostPilots = 1 << 15;

/// QPSK symbols from the maximum-length sequence of 2047 bits.
Symbols make_preamble(Index num_uses) {
  constexpr float kCoordinate = std::numbers::sqrt2_v<float> / 2;
  const std::unique_ptr<msequence_s, SequenceDeleter> sequence(msequence_create_default(11));
  const auto next = [&] { return msequence_advance(sequence.get()) ? kCoordinate : -kCoordinate; };
  Symbols preamble(num_uses, 1);
  for (Index k = 0; k < num_uses; ++k) {
    const float real = next();
    preamble(k, 0) = {real, next()};
  }
  return preamble;
}

}  // namespace

Packet::Packet(Index preamble_uses, Index pilot_spacing)
    : preamble_(make_preamble(preamble_uses)), pilot_spacing_(pilot_spacing) {
  if (pilot_spacing < 0 || pilot_spacing == 1)
    throw Error(ErrorCode::bad_argument,
                "pilot spacing = " + std::to_string(pilot_spacing) + ": expected 0 (no pilots) or at least 2");
}

Index Packet::num_pilots(Index num_symbols) const {
  return pilot_spacing_ == 0 ? 0 : (num_symbols + pilot_spacing_ - 2) / (pilot_spacing_ - 1);
}

Index Packet::num_symbols(Index num_uses) const {
  const Index rows = std::max<Index>(num_uses - preamble_.rows(), 0);
  return pilot_spacing_ == 0 ? rows : rows - (rows + pilot_spacing_ - 1) / pilot_spacing_;
}

Symbols Packet::pilots(Index num_symbols) const {
  const Index count = num_pilots(num_symbols);
  Symbols pilots(count, 1);
  if (count == 0) return pilots;
  if (count > kMostPilots)
    throw Error(ErrorCode::bad_argument, std::to_string(count) + " pilots in a packet: expected at most " +
                                             std::to_string(kMostPilots) + "; a larger pilot spacing needs fewer");
  const Index num_generated = std::max(num_symbols, kFewestPilots * (pilot_spacing_ - 1));
  const std::unique_ptr<qpilotgen_s, PilotDeleter> generator(
      qpilotgen_create(static_cast<unsigned>(num_generated), static_cast<unsigned>(pilot_spacing_)));
  if (!generator) throw Error(ErrorCode::bad_argument, "liquid-dsp does not make these pilots");
  Symbols nothing = Symbols::Zero(num_generated, 1);
  Symbols frame(num_generated + num_pilots(num_generated), 1);
  qpilotgen_execute(generator.get(), nothing.data(), frame.data());
  for (Index i = 0; i < count; ++i) pilots(i, 0) = frame(i * pilot_spacing_, 0);
  return pilots;
}

Symbols Packet::spread(const Symbols& x) const {
  Symbols packet = Symbols::Zero(x.rows() + overhead(x.rows()), 1);
  Index next = 0;
  for (Index row = 0; next < x.rows(); ++row)
    if (!is_pilot(row)) packet(preamble_.rows() + row, 0) = x(next++, 0);
  return packet;
}

Symbols Packet::insert(const Symbols& x) const {
  Symbols packet = spread(x);
  packet.topRows(preamble_.rows()) = preamble_;
  const Symbols inserted = pilots(x.rows());
  for (Index i = 0; i < inserted.rows(); ++i) packet(preamble_.rows() + i * pilot_spacing_, 0) = inserted(i, 0);
  return packet;
}

Symbols Packet::remove(const Symbols& packet) const {
  Symbols x(num_symbols(packet.rows()), 1);
  Index next = 0;
  for (Index row = 0; next < x.rows(); ++row)
    if (!is_pilot(row)) x(next++, 0) = packet(preamble_.rows() + row, 0);
  return x;
}

}  // namespace semlink
