#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <semlink/app/plugins.h>
#include <semlink/app/scenario_text.h>
#include <semlink/calibrate/settings.h>
#include <semlink/channel/bit_transport.h>
#include <semlink/channel/framer.h>
#include <semlink/channel/impaired_channel.h>
#include <semlink/channel/snr_settings.h>
#include <semlink/channel/waveform/settings.h>
#include <semlink/codecs/adaptive/config.h>
#include <semlink/codecs/deepjscc/config.h>
#include <semlink/core/keys.h>
#include <semlink/record/recorded_sweep.h>
#include <semlink/sweep/run_settings.h>
#include <semlink/train/settings.h>

namespace semlink {

/// One plug point of a scenario: the settings of every plug-in in the table, and the name of the one that is chosen.
template <typename Interface>
class Choice {
 public:
  /// Declares the selecting key `section.key` and the keys of all plug-ins. `preferred` is the default when the table has it, else
  /// the first entry is. Throws Error(bad_argument) for an empty table.
  void declare(Keys& keys, const Registry<Interface>& table, const std::string& section, const std::string& key,
               const std::string& preferred, const std::string& help);

  const std::string& selector() const { return selector_; }
  const std::string& name() const { return name_; }
  std::unique_ptr<const Interface> make() const { return chosen().settings->make(); }
  /// Names of the keys that the chosen plug-in declared.
  const std::vector<std::string>& chosen_keys() const { return chosen().keys; }
  /// Names of the plug-ins, chosen or not, that declared the key.
  std::vector<std::string> users(const std::string& key) const;

 private:
  struct Option {
    std::string name;
    std::unique_ptr<Plugin<Interface>> settings;
    std::vector<std::string> keys;
  };
  const Option& chosen() const;

  std::string selector_;  // `section.key`
  std::string name_;
  std::vector<Option> options_;
};

/// Every setting there is, bound to its key. Made afresh for every point of a sweep; stays where it is, for its keys refer to it.
class Scenario {
 public:
  explicit Scenario(const Plugins& plugins);
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  Keys& keys() { return keys_; }
  const Keys& keys() const { return keys_; }

  /// Sets the key; a relative path is taken from `base`. Errors begin with the origin (`quickstart.ini:12: `).
  void set(const Assignment& assignment);

  /// Whether the key does anything to a sweep under the choices made: false for keys of plug-ins that are not chosen, and for
  /// those that only `semlink train` or `semlink calibrate` reads.
  bool is_active(const std::string& key) const;
  /// The choices under which the key does something, `channel.model = rayleigh, rician`; empty when it always does.
  std::string users(const std::string& key) const;

  /// The names chosen and whatever else decides which keys do something, as one text.
  std::string choices() const;

  RunSettings run;
  RecordSettings record;
  SnrSettings snr;
  Framer::Settings header;
  BitTransport::Settings transport;
  ImpairmentSettings impairments;
  WaveformSettings waveform;
  std::string transmitter_snr = "average";
  double report_error_db = 0;
  double report_step_db = 0;
  double report_correlation = 0;
  train::TrainSettings train;
  calibrate::CalibrateSettings calibrate;
  adaptive::NetworkConfig network;
  deepjscc::NetworkConfig deepjscc;
  /// Whether the payload is bits: then code and modem matter.
  bool sends_bits() const { return source.name() == "bits"; }

  Choice<Source> source;
  Choice<Codec> codec;
  Choice<GatePolicy> gate;
  Choice<GatePolicy> encoder_gate;
  Choice<Channel> channel;
  Choice<FrontEnd> front_end;

 private:
  /// When a key does something that does not, or not only, depend on which plug-ins are chosen: now, and in words.
  struct Condition {
    bool holds;
    const char* words;
  };
  /// Empty for keys that their plug-ins always use, and for those that always do something.
  std::optional<Condition> condition_of(const std::string& key) const;
  /// The flat fading that acts, the channel's own or the one beneath a disturbance, by its channel.model.
  std::string acting_fading() const;
  /// The same for the keys of flat fading, which is a channel of its own or lies beneath a disturbance.
  std::optional<Condition> fading_condition(const std::string& key) const;
  /// The same for the keys of rates and selections.
  std::optional<Condition> rate_condition(const std::string& key) const;
  /// Calls `visit` with each choice.
  template <typename Visit>
  void for_each_choice(Visit visit) const;

  Keys keys_;
};

/// The text of an assignment after its relative path, if the key is a path, has been put behind its base.
std::string resolved_value(const Key& key, const Assignment& assignment);

}  // namespace semlink
