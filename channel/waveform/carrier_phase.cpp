#include <semlink/channel/waveform/carrier_phase.h>

#include <cmath>
#include <complex>
#include <memory>
#include <mutex>
#include <vector>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/channel/waveform/liquid_planner.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr Index kFewestPilots = 4;
constexpr int kNewtonSteps = 4;

struct SyncDeleter {
  void operator()(qpilotsync_s* object) const {
    const std::scoped_lock lock(liquid_planner());
    qpilotsync_destroy(object);
  }
};

/// phase = offset + slope (row - centre).
struct Line {
  double offset = 0;
  double slope = 0;
  double at(double row) const { return offset + slope * row; }
};

/// A row of the packet whose symbol is known, and what arrived over it.
struct Known {
  double row = 0;
  std::complex<double> ratio;
};

std::vector<Known> known_rows(const Symbols& received, const Packet& packet) {
  std::vector<Known> known;
  const auto add = [&](Index row, Complex symbol) {
    known.push_back({static_cast<double>(row), std::complex<double>(received(row, 0) * std::conj(symbol))});
  };
  const Symbols& preamble = packet.preamble();
  for (Index k = 0; k < preamble.rows(); ++k) add(k, preamble(k, 0));
  const Symbols pilots = packet.pilots(packet.num_symbols(received.rows()));
  for (Index k = 0; k < pilots.rows(); ++k) add(preamble.rows() + k * packet.pilot_spacing(), pilots(k, 0));
  return known;
}

/// What qpilotsync says of the part after the preamble.
Line pilot_line(const Symbols& received, const Packet& packet) {
  const Index num_symbols = packet.num_symbols(received.rows());
  std::unique_ptr<qpilotsync_s, SyncDeleter> sync;
  {
    const std::scoped_lock lock(liquid_planner());
    sync.reset(qpilotsync_create(static_cast<unsigned>(num_symbols), static_cast<unsigned>(packet.pilot_spacing())));
  }
  if (!sync) throw Error(ErrorCode::bad_argument, "liquid-dsp does not synchronise to these pilots");
  Symbols frame = received.bottomRows(received.rows() - packet.preamble().rows());
  Symbols payload(num_symbols, 1);
  qpilotsync_execute(sync.get(), frame.data(), payload.data());
  const double slope = qpilotsync_get_dphi(sync.get());
  const double offset = qpilotsync_get_phi(sync.get()) - slope * static_cast<double>(packet.preamble().rows());
  return std::isfinite(offset) ? Line{offset, slope} : Line{};  // silence has no phase
}

/// Sums of a regression over the rows.
struct Regression {
  double centre = 0;
  double spread = 0;  ///< sum (row - centre)^2
  explicit Regression(const std::vector<Known>& known) {
    for (const Known& k : known) centre += k.row / static_cast<double>(known.size());
    for (const Known& k : known) spread += (k.row - centre) * (k.row - centre);
  }
};

/// Im and Re of what arrived against the line, the former over the mean of the latter: the phase errors that are left.
/// Empty where the line has lost the signal.
std::vector<double> phase_errors(const std::vector<Known>& known, const Line& line) {
  std::vector<double> errors;
  double real = 0;
  for (const Known& k : known) {
    const std::complex<double> turned = k.ratio * std::polar(1.0, -line.at(k.row));
    errors.push_back(turned.imag());
    real += turned.real() / static_cast<double>(known.size());
  }
  if (!(real > 0)) return {};  // nor for a NaN
  for (double& error : errors) error /= real;
  return errors;
}

/// The line that is added to `line` by one step, from the errors it leaves.
Line newton_step(const std::vector<Known>& known, const std::vector<double>& errors, const Regression& rows) {
  double mean = 0, slope = 0;
  for (std::size_t i = 0; i < known.size(); ++i) {
    mean += errors[i] / static_cast<double>(known.size());
    if (rows.spread > 0) slope += errors[i] * (known[i].row - rows.centre) / rows.spread;
  }
  return {mean - slope * rows.centre, slope};
}

}  // namespace

CarrierPhase estimate_carrier_phase(const Symbols& received, const Packet& packet) {
  CarrierPhase out{Eigen::VectorXf::Zero(received.rows()), Eigen::VectorXf::Zero(received.rows())};
  const std::vector<Known> known = known_rows(received, packet);
  if (known.size() < 3) return out;
  const Regression rows(known);
  Line line;
  if (packet.num_pilots(packet.num_symbols(received.rows())) >= kFewestPilots) line = pilot_line(received, packet);

  std::vector<double> errors = phase_errors(known, line);
  for (int step = 0; step < kNewtonSteps && !errors.empty(); ++step) {
    const Line more = newton_step(known, errors, rows);
    line = {line.offset + more.offset, line.slope + more.slope};
    errors = phase_errors(known, line);
  }

  double residual = 0;
  for (const double error : errors) residual += error * error / static_cast<double>(known.size() - 2);
  if (errors.empty()) residual = 1;
  for (Index row = 0; row < received.rows(); ++row) {
    const double distance = static_cast<double>(row) - rows.centre;
    out.phase(row) = static_cast<float>(std::remainder(line.at(static_cast<double>(row)), 2 * M_PI));
    out.error_var(row) = static_cast<float>(
        residual * (1 / static_cast<double>(known.size()) + (rows.spread > 0 ? distance * distance / rows.spread : 0)));
  }
  return out;
}

}  // namespace semlink
