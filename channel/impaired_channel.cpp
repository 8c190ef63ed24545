#include <semlink/channel/impaired_channel.h>

#include <numbers>

namespace semlink {
namespace {

/// Sets the rows of lost uses to 0.
Symbols without_lost(Symbols rows, const ChannelState& state) {
  for (Index i = 0; i < rows.rows(); ++i)
    if (state.is_erased(i)) rows.row(i).setZero();
  return rows;
}

}  // namespace

ImpairedChannel::ImpairedChannel(std::unique_ptr<const Channel> inner, Radio radio)
    : inner_(std::move(inner)), radio_(std::move(radio)) {}

ChannelState ImpairedChannel::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = inner_->realize(num_uses, point, rng);
  if (radio_.phase_noise_var > 0) state.phase = draw_phase_noise(num_uses, radio_.phase_noise_var, rng);
  return state;
}

Symbols ImpairedChannel::apply(const Symbols& x, const ChannelState& state) const {
  return without_lost(
      run_through(radio_.receiver, inner_->apply(run_through(radio_.transmitter, x, state), state), state), state);
}

Symbols ImpairedChannel::pullback(const Symbols& g_y, const Symbols& x, const ChannelState& state) const {
  const Symbols sent = run_through(radio_.transmitter, x, state);
  const Symbols g_received = pull_through(radio_.receiver, without_lost(g_y, state), inner_->apply(sent, state), state);
  return pull_through(radio_.transmitter, inner_->pullback(g_received, sent, state), x, state);
}

double ImpairedChannel::noise_energy(const Symbols& x, const Symbols&, const ChannelState& state) const {
  const Symbols sent = run_through(radio_.transmitter, x, state);
  return inner_->noise_energy(sent, inner_->apply(sent, state), state);
}

double ImpairedChannel::transmitted_energy(const Symbols& x, const ChannelState& state) const {
  return inner_->transmitted_energy(run_through(radio_.transmitter, x, state), state);
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

Radio ImpairmentSettings::radio(Index samples_per_symbol) const {
  const auto rate = static_cast<double>(samples_per_symbol);
  Radio radio{.phase_noise_var = 2 * std::numbers::pi * linewidth / rate};
  ImpairmentStages& transmitter = radio.transmitter;
  ImpairmentStages& receiver = radio.receiver;
  if (clip_db) transmitter.push_back(std::make_unique<Clipping>(*clip_db));
  if (tx_iq_gain_db != 0 || tx_iq_phase_deg != 0)
    transmitter.push_back(std::make_unique<IqImbalance>(tx_iq_gain_db, tx_iq_phase_deg));
  if (amplifier == "rapp") transmitter.push_back(std::make_unique<RappAmplifier>(backoff_db, rapp_smoothness));
  if (amplifier == "saleh") transmitter.push_back(std::make_unique<SalehAmplifier>(backoff_db));
  if (cfo != 0 || linewidth > 0) receiver.push_back(std::make_unique<OscillatorError>(cfo / rate));
  if (rx_iq_gain_db != 0 || rx_iq_phase_deg != 0)
    receiver.push_back(std::make_unique<IqImbalance>(rx_iq_gain_db, rx_iq_phase_deg));
  if (sampling_offset_ppm != 0) receiver.push_back(std::make_unique<SamplingOffset>(sampling_offset_ppm));
  if (adc_bits > 0) receiver.push_back(std::make_unique<Quantizer>(static_cast<int>(adc_bits), adc_full_scale_db));
  return radio;
}

std::unique_ptr<const Channel> ImpairmentSettings::wrap(std::unique_ptr<const Channel> channel) const {
  Radio imperfect = radio(1);
  if (imperfect.transmitter.empty() && imperfect.receiver.empty()) return channel;
  return std::make_unique<ImpairedChannel>(std::move(channel), std::move(imperfect));
}

}  // namespace semlink
