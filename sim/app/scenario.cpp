#include <semlink/app/scenario.h>

#include <algorithm>

#include <semlink/app/training.h>
#include <semlink/core/error.h>

namespace semlink {

template <typename Interface>
void Choice<Interface>::declare(Keys& keys, const Registry<Interface>& table, const std::string& section, const std::string& key,
                                const std::string& preferred, const std::string& help) {
  const std::vector<std::string> names = table.names();
  selector_ = section + "." + key;
  if (names.empty()) throw Error(ErrorCode::bad_argument, selector_ + ": there is nothing to choose from");
  name_ = std::find(names.begin(), names.end(), preferred) != names.end() ? preferred : names.front();
  keys.choice(selector_, name_, names).help(help);
  for (const auto& entry : table.entries()) {
    Option option{entry.name, entry.make_settings(section), {}};
    option.settings->declare(keys);
    Keys own;  // the same fields once more, to learn which names they have
    option.settings->declare(own);
    for (const Key& declared : own.list()) option.keys.push_back(declared.name);
    options_.push_back(std::move(option));
  }
}

template <typename Interface>
std::vector<std::string> Choice<Interface>::users(const std::string& key) const {
  std::vector<std::string> names;
  for (const Option& option : options_)
    if (std::find(option.keys.begin(), option.keys.end(), key) != option.keys.end()) names.push_back(option.name);
  return names;
}

template <typename Interface>
const typename Choice<Interface>::Option& Choice<Interface>::chosen() const {
  return *std::find_if(options_.begin(), options_.end(), [this](const Option& option) { return option.name == name_; });
}

template class Choice<Source>;
template class Choice<Codec>;
template class Choice<GatePolicy>;
template class Choice<Channel>;
template class Choice<FrontEnd>;

Scenario::Scenario(const Plugins& plugins) {
  source.declare(keys_, plugins.sources, "source", "kind", "builtin", "Where samples come from.");
  codec.declare(keys_, plugins.codecs, "codec", "model", "adaptive", "What turns samples into payloads and back.");
  encoder_gate.declare(
      keys_, plugins.gates, "encoder_gate", "policy", "always_open",
      "Which stages the transmitter runs; those up to the token selection, and the first in any case, always run.");
  keys_.text("transmitter.snr", transmitter_snr)
      .help("What the transmitter is told of the SNR: average, instantaneous, delayed, none, or a number in dB.");
  keys_.number("transmitter.snr_error_db", report_error_db)
      .unit("dB")
      .range(0, 100)
      .help("Standard deviation of a normal error in what the transmitter is told, unless that is a number.");
  keys_.number("transmitter.snr_step_db", report_step_db)
      .unit("dB")
      .range(0, 100)
      .help("What the transmitter is told is rounded to multiples of this, unless it is a number; 0: not rounded.");
  keys_.number("transmitter.snr_correlation", report_correlation)
      .range(0, 1)
      .help(
          "With transmitter.snr = delayed: correlation of the gain reported with that of the frame, J0(2 pi f_D "
          "delay); of the scattered part where there is a direct path, which stays.");
  header.declare(keys_);
  transport.declare(keys_);
  channel.declare(keys_, plugins.channels, "channel", "model", "awgn", "What happens between the antennas.");
  snr.declare(keys_);
  impairments.declare(keys_);
  waveform.declare(keys_);
  front_end.declare(keys_, plugins.front_ends, "frontend", "csi", "genie", "How the receiver learns of the channel.");
  gate.declare(keys_, plugins.gates, "gate", "policy", "always_open", "Which stages the receiver runs.");
  network.declare(keys_);
  deepjscc.declare(keys_);
  train.declare(keys_);
  calibrate.declare(keys_);
  run.declare(keys_);
  keys_.path("run.output", record.output).not_identity().help("The result file; empty: results/SCENARIO.h5.");
  record.declare(keys_);
}

namespace {

/// The commands that alone read a key; empty for a key of a sweep. A network that has been trained comes with its own shape.
std::string commands_of(const std::string& key) {
  if (key.starts_with("train.") || key.starts_with("network.")) {
    std::string text = "semlink train";
    if (const std::string model = model_of_training_key(key); !model.empty())
      text.append(" with codec.model = ").append(model);
    return text;
  }
  return key.starts_with("calibrate.") ? "semlink calibrate, semlink verify" : "";
}

/// Whether the transmitter is told what someone measured.
bool is_measured_report(const std::string& mode) { return mode == "average" || mode == "instantaneous" || mode == "delayed"; }

/// A value is written out again as one line of a scenario file.
void require_one_line(const Assignment& assignment) {
  const std::string& value = assignment.value;
  const bool has_comment = value.starts_with('#') || value.find(" #") != std::string::npos || value.find("\t#") != std::string::npos;
  if (has_comment || value.find_first_of("\r\n") != std::string::npos)
    throw Error(ErrorCode::bad_scenario, assignment.key + " = " + value + ": expected one line without a comment");
}

}  // namespace

void Scenario::set(const Assignment& assignment) {
  const auto& list = keys_.list();
  const auto key = std::find_if(list.begin(), list.end(), [&](const Key& k) { return k.name == assignment.key; });
  try {
    require_one_line(assignment);
    keys_.set(assignment.key, key == list.end() ? assignment.value : resolved_value(*key, assignment));
  } catch (const Error& error) {
    throw Error(error.code(), assignment.origin + ": " + error.what());
  }
}

template <typename Visit>
void Scenario::for_each_choice(Visit visit) const {
  visit(source);
  visit(codec);
  visit(encoder_gate);
  visit(channel);
  visit(front_end);
  visit(gate);
}

std::string Scenario::acting_fading() const {
  const std::vector<std::string> over = channel.users("channel.beneath");
  const bool lies_beneath = std::find(over.begin(), over.end(), channel.name()) != over.end();
  return lies_beneath ? keys_.get("channel.beneath") : channel.name();
}

std::optional<Scenario::Condition> Scenario::fading_condition(const std::string& key) const {
  if (key == "channel.rician_k_db")
    return Condition{acting_fading() == "rician", "channel.model or channel.beneath = rician"};
  const bool is_doppler = key == "channel.doppler_hz";
  if (!is_doppler && key != "channel.fading" && key != "channel.symbol_rate_hz") return std::nullopt;
  const std::string fading = acting_fading();
  const bool is_flat = fading == "rician" || fading == "rayleigh";
  if (!is_doppler) return Condition{is_flat, "channel.model or channel.beneath = rayleigh, rician"};
  return Condition{is_flat || channel.name().find("tdl") != std::string::npos,
                   "channel.model or channel.beneath = rayleigh, rician, and the tdl models"};
}

std::optional<Scenario::Condition> Scenario::rate_condition(const std::string& key) const {
  const auto is = [&](const char* name, const char* value) {
    return codec.name() == "adaptive" && keys_.get(name) == value;
  };
  if (key == "codec.least_gain") return Condition{is("codec.rate", "least_gain"), "codec.rate = least_gain"};
  if (key == "codec.target_psnr_db") return Condition{is("codec.rate", "target_psnr"), "codec.rate = target_psnr"};
  if (key == "codec.keep_threshold") return Condition{is("codec.selection", "threshold"), "codec.selection = threshold"};
  return std::nullopt;
}

std::optional<Scenario::Condition> Scenario::condition_of(const std::string& key) const {
  if (const std::optional<Condition> condition = fading_condition(key)) return condition;
  if (const std::optional<Condition> condition = rate_condition(key)) return condition;
  if (key == "channel.snr_db") return Condition{!snr.ebn0_db, "channel.ebn0_db = none"};
  if (key == "impairment.backoff_db") return Condition{impairments.amplifier != "none", "impairment.amplifier = rapp, saleh"};
  if (key == "impairment.rapp_smoothness") return Condition{impairments.amplifier == "rapp", "impairment.amplifier = rapp"};
  if (key == "impairment.adc_full_scale_db") return Condition{impairments.adc_bits > 0, "impairment.adc_bits from 1 up"};
  if (key == "transmitter.snr_correlation") return Condition{transmitter_snr == "delayed", "transmitter.snr = delayed"};
  if (key == "transmitter.snr_error_db" || key == "transmitter.snr_step_db")
    return Condition{is_measured_report(transmitter_snr), "transmitter.snr = average, instantaneous, delayed"};
  if (key == "waveform.timing_bandwidth")
    return Condition{waveform.is_blind() && waveform.timing == "loop", "waveform.sync = liquid with waveform.timing = loop"};
  if (key == "waveform.timing" || key == "waveform.preamble" || key == "waveform.pilot_spacing" || key == "waveform.threshold")
    return Condition{waveform.is_blind(), "waveform.kind = rrc with waveform.sync = liquid"};
  if (key == "waveform.code") return Condition{waveform.is_packets(), "waveform.kind = flexframe"};
  if (key == "waveform.max_delay" || key == "waveform.max_cfo")
    return Condition{waveform.is_on(), "waveform.kind = rrc, flexframe"};
  if (key.starts_with("waveform.") && key != "waveform.kind")
    return Condition{waveform.kind == "rrc", "waveform.kind = rrc"};
  if (key == "fec.max_transmissions") return Condition{sends_bits() && transport.harq != "none", "fec.harq = chase, incremental"};
  if (key == "fec.redundancy_order") return Condition{sends_bits() && transport.harq == "incremental", "fec.harq = incremental"};
  const bool is_of_code = key.starts_with("fec.") && key != "fec.code" && key != "fec.info_bits";
  if (key == "modem.demapper" || is_of_code)
    return Condition{sends_bits() && transport.code != "none", "source.kind = bits with a fec.code"};
  if (key.starts_with("modem.") || key.starts_with("fec.")) return Condition{sends_bits(), "source.kind = bits"};
  return std::nullopt;
}

bool Scenario::is_active(const std::string& key) const {
  if (!commands_of(key).empty()) return false;
  if (const std::optional<Condition> condition = condition_of(key)) return condition->holds;
  bool is_owned = false;
  bool is_used = false;
  for_each_choice([&](const auto& choice) {
    const std::vector<std::string> users = choice.users(key);
    is_owned = is_owned || !users.empty();
    is_used = is_used || std::find(users.begin(), users.end(), choice.name()) != users.end();
  });
  return is_used || !is_owned;
}

std::string Scenario::users(const std::string& key) const {
  std::string text = commands_of(key);
  if (!text.empty()) return text;
  if (const std::optional<Condition> condition = condition_of(key)) return condition->words;
  for_each_choice([&](const auto& choice) {
    const std::vector<std::string> users = choice.users(key);
    if (users.empty()) return;
    text += (text.empty() ? "" : "; ") + choice.selector() + " =";
    for (const std::string& user : users) text += (user == users.front() ? " " : ", ") + user;
  });
  return text;
}

std::string Scenario::choices() const {
  std::string text;
  for_each_choice([&](const auto& choice) { text += choice.name() + "\n"; });
  for (const Key& key : keys_.list())
    if (const std::optional<Condition> condition = condition_of(key.name)) text += condition->holds ? '1' : '0';
  return text;
}

std::string resolved_value(const Key& key, const Assignment& assignment) {
  const std::filesystem::path value = assignment.value;
  if (key.type != "path" || value.empty() || value.is_absolute()) return assignment.value;
  return (assignment.base / value).lexically_normal().string();
}

}  // namespace semlink
