#include <semlink/channel/impaired_channel.h>

#include <cmath>
#include <numbers>

namespace semlink {
namespace {

Symbols run_through(const ImpairedChannel::Stages& stages, Symbols x, const ChannelState& state) {
  for (const auto& stage : stages) x = stage->apply(x, state);
  return x;
}

/// The way back through stages whose first input was x.
Symbols pull_through(const ImpairedChannel::Stages& stages, Symbols g, const Symbols& x, const ChannelState& state) {
  std::vector<Symbols> inputs = {x};
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) inputs.push_back(stages[i]->apply(inputs.back(), state));
  for (std::size_t i = stages.size(); i-- > 0;) g = stages[i]->pullback(g, inputs[i], state);
  return g;
}

}  // namespace

ImpairedChannel::ImpairedChannel(std::unique_ptr<const Channel> inner, Stages transmitter, Stages receiver,
                                 double phase_noise_var)
    : inner_(std::move(inner)),
      transmitter_(std::move(transmitter)),
      receiver_(std::move(receiver)),
      phase_noise_std_(std::sqrt(phase_noise_var)) {}

ChannelState ImpairedChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = inner_->realize(num_uses, point, rng);
  if (phase_noise_std_ == 0) return state;
  Stream stream = rng.stream(Purpose::impairment);
  state.phase.resize(num_uses);
  double phase = 0;
  for (float& at : state.phase) {
    at = static_cast<float>(phase);
    phase += phase_noise_std_ * stream.normal();
  }
  return state;
}

Symbols ImpairedChannel::apply(const Symbols& x, const ChannelState& state) const {
  return run_through(receiver_, inner_->apply(run_through(transmitter_, x, state), state), state);
}

Symbols ImpairedChannel::pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const {
  const Symbols sent = run_through(transmitter_, x, state);
  const Symbols g_received = pull_through(receiver_, g_y, inner_->apply(sent, state), state);
  return pull_through(transmitter_, inner_->pullback(g_received, sent, state), x, state);
}

double ImpairedChannel::noise_energy(const Symbols& x, const Symbols&, const ChannelState& state) const {
  const Symbols sent = run_through(transmitter_, x, state);
  return inner_->noise_energy(sent, inner_->apply(sent, state), state);
}

double ImpairedChannel::transmitted_energy(const Symbols& x, const ChannelState& state) const {
  return inner_->transmitted_energy(run_through(transmitter_, x, state), state);
}

void ImpairmentSettings::declare(Keys& keys) {
  keys.optional_number("impairment.clip_db", clip_db)
      .unit("dB")
      .range(-30, 60)
      .help("Transmitter: limit of the envelope over its root mean square.");
  keys.number("impairment.tx_iq_gain_db", tx_iq_gain_db)
      .unit("dB")
      .range(-20, 20)
      .help("Transmitter: gain of Q over that of I.");
  keys.number("impairment.tx_iq_phase_deg", tx_iq_phase_deg)
      .unit("deg")
      .range(-90, 90)
      .help("Transmitter: what the angle between I and Q lacks to 90 degrees.");
  keys.choice("impairment.amplifier", amplifier, {"none", "rapp", "saleh"})
      .help("Transmitter: power amplifier, solid-state (Rapp) or travelling-wave tube (Saleh), small-signal gain 1.");
  keys.number("impairment.backoff_db", backoff_db)
      .unit("dB")
      .range(-30, 100)
      .help("Input back-off of the amplifier: saturation power over mean power.");
  keys.number("impairment.rapp_smoothness", rapp_smoothness)
      .range(0.1, 100)
      .help("Smoothness p of the Rapp amplifier; large: a hard limiter.");
  keys.number("impairment.cfo", cfo)
      .unit("1/symbol")
      .range(-0.5, 0.5)
      .help("Receiver: carrier frequency offset in cycles per symbol.");
  keys.number("impairment.linewidth", linewidth)
      .unit("1/symbol")
      .range(0, 1)
      .help(
          "Receiver: phase noise by its 3 dB linewidth times the symbol time; the phase walks by a variance of 2 pi "
          "times it.");
  keys.number("impairment.rx_iq_gain_db", rx_iq_gain_db)
      .unit("dB")
      .range(-20, 20)
      .help("Receiver: gain of Q over that of I.");
  keys.number("impairment.rx_iq_phase_deg", rx_iq_phase_deg)
      .unit("deg")
      .range(-90, 90)
      .help("Receiver: what the angle between I and Q lacks to 90 degrees.");
  keys.number("impairment.sampling_offset_ppm", sampling_offset_ppm)
      .unit("ppm")
      .range(-10000, 10000)
      .help("Receiver: error of its sampling clock.");
  keys.integer("impairment.adc_bits", adc_bits)
      .unit("bits")
      .range(0, 24)
      .help("Receiver: bits of the converters of I and Q; 0: none.");
  keys.number("impairment.adc_full_scale_db", adc_full_scale_db)
      .unit("dB")
      .range(-20, 60)
      .help("Receiver: clipping level of the converters over the root mean square of a frame's real parts.");
}

std::unique_ptr<const Channel> ImpairmentSettings::wrap(std::unique_ptr<const Channel> channel) const {
  ImpairedChannel::Stages transmitter, receiver;
  if (clip_db) transmitter.push_back(std::make_unique<Clipping>(*clip_db));
  if (tx_iq_gain_db != 0 || tx_iq_phase_deg != 0)
    transmitter.push_back(std::make_unique<IqImbalance>(tx_iq_gain_db, tx_iq_phase_deg));
  if (amplifier == "rapp") transmitter.push_back(std::make_unique<RappAmplifier>(backoff_db, rapp_smoothness));
  if (amplifier == "saleh") transmitter.push_back(std::make_unique<SalehAmplifier>(backoff_db));
  if (cfo != 0 || linewidth > 0) receiver.push_back(std::make_unique<OscillatorError>(cfo));
  if (rx_iq_gain_db != 0 || rx_iq_phase_deg != 0)
    receiver.push_back(std::make_unique<IqImbalance>(rx_iq_gain_db, rx_iq_phase_deg));
  if (sampling_offset_ppm != 0) receiver.push_back(std::make_unique<SamplingOffset>(sampling_offset_ppm));
  if (adc_bits > 0) receiver.push_back(std::make_unique<Quantizer>(static_cast<int>(adc_bits), adc_full_scale_db));
  if (transmitter.empty() && receiver.empty()) return channel;
  return std::make_unique<ImpairedChannel>(std::move(channel), std::move(transmitter), std::move(receiver),
                                           2 * std::numbers::pi * linewidth);
}

}  // namespace semlink
