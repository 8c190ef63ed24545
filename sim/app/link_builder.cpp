#include <semlink/app/link_builder.h>

#include <set>

#include <semlink/core/error.h>
#include <semlink/link/bit_energy.h>

namespace semlink {
namespace {

/// A source that someone else keeps.
class SharedSource final : public Source {
 public:
  explicit SharedSource(const Source& source) : source_(source) {}
  Sample sample(const TrialRng& rng) const override { return source_.sample(rng); }
  Index size() const override { return source_.size(); }
  bool is_split() const override { return source_.is_split(); }
  std::vector<std::string> class_names() const override { return source_.class_names(); }
  std::string checksum() const override { return source_.checksum(); }
  Index bits_per_sample() const override { return source_.bits_per_sample(); }

 private:
  const Source& source_;
};

/// A codec that someone else keeps.
class SharedCodec final : public Codec {
 public:
  explicit SharedCodec(const Codec& codec) : codec_(codec) {}
  Payload encode(const Sample& sample, EncodeWork& work) const override { return codec_.encode(sample, work); }
  Output decode(const Received& received, DecodeWork& work) const override { return codec_.decode(received, work); }
  Index next_side_info_bits(std::span<const Bits> pieces) const override { return codec_.next_side_info_bits(pieces); }
  bool next_is_positions(std::span<const Bits> pieces) const override { return codec_.next_is_positions(pieces); }
  void check_policies(const GatePolicy& encoder_gate, const GatePolicy& gate) const override {
    codec_.check_policies(encoder_gate, gate);
  }
  Index num_classes() const override { return codec_.num_classes(); }
  std::string checksum() const override { return codec_.checksum(); }
  std::unique_ptr<const Codec> for_bits() const override { return codec_.for_bits(); }

 private:
  const Codec& codec_;
};

/// The one object of these settings, made at the first call.
template <typename Interface>
const Interface& kept(std::map<std::string, std::unique_ptr<const Interface>>& objects, const Choice<Interface>& choice,
                      const Keys& keys) {
  std::string settings = choice.name();
  for (const std::string& key : choice.chosen_keys()) settings += "\n" + key + " = " + keys.get(key);
  std::unique_ptr<const Interface>& object = objects[settings];
  if (!object) object = choice.make();
  return *object;
}

/// Those that are not empty, each once, separated by blanks.
template <typename Interface>
std::string checksums(const std::map<std::string, std::unique_ptr<const Interface>>& objects) {
  std::string text;
  std::set<std::string> known{""};
  for (const auto& [settings, object] : objects) {
    const std::string checksum = object->checksum();
    if (known.insert(checksum).second) text += (text.empty() ? "" : " ") + checksum;
  }
  return text;
}

std::unique_ptr<const Channel> make_channel(const Scenario& scenario) {
  std::unique_ptr<const Channel> channel = scenario.channel.make();
  const auto refuse = [&](const char* expected) {
    throw Error(ErrorCode::bad_scenario, scenario.channel.selector() + " = " + scenario.channel.name() + ": expected " + expected);
  };
  if (scenario.waveform.is_on() && !channel->takes_waveform())
    refuse("a channel of slow gains and white noise with a waveform.kind (awgn, rayleigh, rician; channel.fading = block or doppler)");
  const bool takes_impairments = channel->is_single_carrier();
  const Channel* const plain = channel.get();
  channel = scenario.waveform.wrap(std::move(channel), scenario.impairments);
  if (channel.get() != plain && !takes_impairments) refuse("a single-carrier channel of one antenna with impairment.*");
  return channel;
}

[[noreturn]] void refuse_codec(const Scenario& scenario) {
  throw Error(ErrorCode::bad_scenario,
              scenario.codec.selector() + " = " + scenario.codec.name() + ": expected none with source.kind = bits");
}

/// Packets of liquid-dsp have a code and a modem of their own.
void carry_packets(Link& link, const Scenario& scenario) {
  if (scenario.transport.code != "none")
    throw Error(ErrorCode::bad_scenario, "fec.code = " + scenario.transport.code +
                                             ": expected none with waveform.kind = flexframe, whose code is waveform.code");
  const Index num_bits = link.source->bits_per_sample();
  if (num_bits == 0 || num_bits > FlexFrame::kMaxBits)
    throw Error(ErrorCode::bad_scenario, "waveform.kind = flexframe: expected source.kind = bits with at most " +
                                             std::to_string(FlexFrame::kMaxBits) + " bits");
  try {
    link.packets = std::make_unique<FlexFrame>(scenario.transport.modem.constellation, scenario.waveform.code);
  } catch (const Error& error) {
    throw Error(ErrorCode::bad_scenario, std::string("waveform.kind = flexframe: ") + error.what());
  }
}

/// What a channel of bits can carry: see `BinaryChannel`.
void check_binary_channel(const Link& link, const Scenario& scenario) {
  const int bits = link.channel->bits_per_use();
  if (bits == 0) return;
  const std::string over = " over channel.model = " + scenario.channel.name();
  if (link.front_end->num_pilots(1) > 0)
    throw Error(ErrorCode::bad_scenario, scenario.front_end.selector() + " = " + scenario.front_end.name() +
                                             ": expected a receiver without pilots" + over);
  if (!link.transport)
    throw Error(ErrorCode::bad_scenario, "channel.model = " + scenario.channel.name() +
                                             ": expected source.kind = bits, for it carries no analog payload");
  if (link.transport->modem().bits_per_symbol() != bits)
    throw Error(ErrorCode::bad_scenario, "modem.constellation = " + scenario.transport.modem.constellation +
                                             ": expected " + (bits == 1 ? "bpsk" : "qpsk") + over +
                                             " with channel.bits_per_use = " + std::to_string(bits));
}

/// Gives the link what carries bits.
void carry_bits(Link& link, const Scenario& scenario) {
  link.codec = link.codec->for_bits();
  if (!link.codec) refuse_codec(scenario);
  link.transport = std::make_unique<BitTransport>(scenario.transport);
  const Index num_bits = link.source->bits_per_sample();
  const Index block_bits = link.transport->block_bits(num_bits);
  if (num_bits % block_bits != 0)
    throw Error(ErrorCode::bad_scenario, "source.num_bits = " + std::to_string(num_bits) + ": expected a multiple of " +
                                             std::to_string(block_bits) + ", the information bits of a block");
}

}  // namespace

Link LinkBuilder::build(const Scenario& scenario) {
  Link link;
  link.source = std::make_unique<SharedSource>(kept(sources_, scenario.source, scenario.keys()));
  // Known before the codec asks for its weights, which a link of bits does not have.
  if (link.source->bits_per_sample() > 0 && scenario.codec.name() == "adaptive") refuse_codec(scenario);
  link.codec = std::make_unique<SharedCodec>(kept(codecs_, scenario.codec, scenario.keys()));
  link.encoder_gate = scenario.encoder_gate.make();
  link.gate = scenario.gate.make();
  link.codec->check_policies(*link.encoder_gate, *link.gate);
  link.framer = std::make_unique<Framer>(scenario.header);
  link.front_end = scenario.waveform.wrap(scenario.front_end.make());
  link.channel = make_channel(scenario);
  link.transmitter_snr = scenario.transmitter_snr;
  link.report_error_db = scenario.report_error_db;
  link.report_step_db = scenario.report_step_db;
  link.report_correlation = scenario.report_correlation;
  if (link.source->bits_per_sample() > 0) carry_bits(link, scenario);
  check_binary_channel(link, scenario);
  if (link.front_end->decides_symbols() && !link.transport)
    throw Error(ErrorCode::bad_scenario,
                "frontend.detector = mmse_sic: expected source.kind = bits, for an analog payload has no points to decide");
  if (scenario.waveform.is_packets()) carry_packets(link, scenario);
  link.point = scenario.snr.point(esn0_over_ebn0_db(link));
  link.label_power = scenario.snr.label_power();
  if (link.label_power != LabelPower::frame && (link.transport || link.packets))
    throw Error(ErrorCode::bad_scenario, "channel.snr_convention = " + scenario.snr.convention +
                                             ": expected an analog payload, not source.kind = bits");
  snr_report(link, TrialRng{static_cast<std::uint64_t>(scenario.run.seed), 0, 0});  // throws for a text it does not know
  return link;
}

std::string LinkBuilder::source_checksum() const { return checksums(sources_); }
std::string LinkBuilder::weights_checksum() const { return checksums(codecs_); }

}  // namespace semlink
