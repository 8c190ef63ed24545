#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

#include <semlink/app/job.h>
#include <semlink/calibrate/temperature.h>

namespace semlink {

/// Whether `semlink calibrate` is to fit the key and not to choose among candidates: `gate.temperature` and
/// `encoder_gate.temperature`.
bool is_temperature(const std::string& key);

/// A scenario as a fit of temperatures reads it: the axes of its sweep are the mix of points that it is for, each point
/// equally likely.
class TemperatureFit {
 public:
  /// `split` takes the place of `source.split`. Throws Error(bad_scenario) where `calibrate.key` is none of the gate
  /// policy's keys, or an axis.
  TemperatureFit(const Plugins& plugins, ScenarioText text, const std::string& split);

  const Job& job() const { return *job_; }
  /// What the scenario's gate goes by now.
  ClassTemperature given() const;

  /// Runs `run.max_trials` trials, each with a point of the mix drawn at random. On the test split a trial is that of
  /// the same number in a run at its point with common random numbers; other splits have draws of their own.
  calibrate::ClassTable measure(std::ostream& out, bool is_terminal, const std::atomic<bool>& stop);

  /// What a scenario must say so that its gate goes by this temperature, its section with a comment.
  std::string fragment(const calibrate::ClassTable& table, const ClassTemperature& temperature,
                       const std::string& command_line) const;

 private:
  const Choice<GatePolicy>& gate() const;

  std::uint64_t salt_;
  std::unique_ptr<Job> job_;
};

/// One row per bin of SNR and one for all: how sure the class heads are and how often right, without the temperature
/// and with it.
void print_temperatures(std::ostream& out, const calibrate::ClassTable& table, const ClassTemperature& temperature);

}  // namespace semlink
