#include <semlink/record/point_variables.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace semlink {
namespace {

using Type = PointVariable::Type;

PointVariable make(std::string name, std::string units, std::string long_name, Type type,
                   std::function<double(const PointSummary&)> value, std::string flag_meanings = "") {
  return {std::move(name), std::move(units), std::move(long_name), type, std::nullopt, std::move(flag_meanings), std::move(value)};
}

void append_metric(std::vector<PointVariable>& out, const PointMetric& metric, std::size_t i) {
  const std::size_t first = out.size();
  out.push_back(make(metric.name, metric.units, metric.long_name, metric.has_interval ? Type::real : Type::integer,
                     [i](const PointSummary& p) { return p.metrics[i].value; }));
  if (metric.has_interval) {
    out.push_back(make(metric.name + "_ci95_low", metric.units, "lower end of the 95 % interval of " + metric.name, Type::real,
                       [i](const PointSummary& p) { return p.metrics[i].low; }));
    out.push_back(make(metric.name + "_ci95_high", metric.units, "upper end of the 95 % interval of " + metric.name, Type::real,
                       [i](const PointSummary& p) { return p.metrics[i].high; }));
  }
  if (!metric.count_column) return;
  if (metric.has_interval)
    out.push_back(make(metric.name + "_num_trials", "1", "trials that measured " + metric.name, Type::integer,
                       [i](const PointSummary& p) { return static_cast<double>(p.counts[i]); }));
  for (std::size_t k = first; k < out.size(); ++k) out[k].needs_metric = i;
}

void append_ledger(std::vector<PointVariable>& out) {
  const LedgerReport names = measure_ledger({}, std::nullopt);
  for (std::size_t i = 0; i < LedgerReport::kNumParts; ++i) {
    const std::string name(names.parts[i].name);
    out.push_back(make(name, "1", "measured " + std::string(names.parts[i].long_name), Type::real,
                       [i](const PointSummary& p) { return p.ledger.parts[i].measured; }));
    out.push_back(make(name + "_std_error", "1", "standard error of " + name, Type::real,
                       [i](const PointSummary& p) { return p.ledger.parts[i].std_error; }));
  }
  out.push_back(make("payload_power_max_error", "1", "largest distance of a trial's payload power from 1", Type::real,
                     [](const PointSummary& p) {
                       return p.state.total.num_trials > 0 ? p.ledger.max_payload_error : std::numeric_limits<double>::quiet_NaN();
                     }));
  out.push_back(make("snr_label_db", "dB", "Es/N0 that the ledger is held against", Type::real, [](const PointSummary& p) {
    return p.state.snr_label_db.value_or(std::numeric_limits<double>::quiet_NaN());
  }));
  out.push_back(make("ledger_ok", "1", "whether no part of the power ledger is off", Type::flags,
                     [](const PointSummary& p) { return p.ledger.ok ? 1.0 : 0.0; }, "off ok"));
}

// Left out where no bits were sent.
void append_bit_energy(std::vector<PointVariable>& out, const std::vector<PointMetric>& metrics) {
  const auto add = [&](const char* name, const char* long_name, std::string_view energy) {
    const auto metric =
        std::find_if(metrics.begin(), metrics.end(), [&](const PointMetric& m) { return m.name == energy; });
    const auto i = static_cast<std::size_t>(metric - metrics.begin());
    out.push_back(make(name, "dB", long_name, Type::real, [i](const PointSummary& p) {
      return p.state.snr_label_db.value_or(std::numeric_limits<double>::quiet_NaN()) +
             10 * std::log10(p.metrics[i].value);
    }));
    out.back().needs_metric = i;
  };
  add("ebn0_db",
      "Eb/N0 as channel.ebn0_db has it: CRCs among the information, header, pilots and repetitions not counted",
      "bit_energy");
  add("ebn0_total_db", "Eb/N0 per bit of the message, everything sent counted: CRCs, header, pilots, all transmissions",
      "bit_energy_total");
}

}  // namespace

PointSummary::PointSummary(const PointState& point, const std::vector<PointMetric>& table)
    : state(point), clusters(point.cluster_variance()), ledger(point.ledger()) {
  for (const PointMetric& metric : table) {
    metrics.push_back(metric.estimate(point));
    counts.push_back(metric.count(point));
  }
}

std::vector<PointVariable> point_variables(const std::vector<PointMetric>& metrics) {
  std::vector<PointVariable> out;
  out.push_back(make("num_trials", "1", "trials of the point", Type::integer,
                     [](const PointSummary& p) { return static_cast<double>(p.state.total.num_trials); }));
  for (std::size_t i = 0; i < metrics.size(); ++i) append_metric(out, metrics[i], i);
  append_bit_energy(out, metrics);
  append_ledger(out);
  out.push_back(make("stop_reason", "1", "why the point has so many trials", Type::flags,
                     [](const PointSummary& p) { return static_cast<double>(p.state.stop); },
                     "unfinished max_trials targets excluded max_time quiet budget elsewhere"));
  out.push_back(make("interval_over", "1", "what the intervals are over: trials, each with a sample of its own; samples, errors "
                     "being clustered by sample; channel draws of one sample", Type::flags,
                     [](const PointSummary& p) { return static_cast<double>(interval_over(p.clusters)); },
                     "trials samples draws"));
  return out;
}

}  // namespace semlink
