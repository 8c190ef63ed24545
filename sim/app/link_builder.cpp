#include <semlink/app/link_builder.h>

namespace semlink {
namespace {

/// A source that someone else keeps.
class SharedSource final : public Source {
 public:
  explicit SharedSource(const Source& source) : source_(source) {}
  Sample sample(const TrialRng& rng) const override { return source_.sample(rng); }
  Index size() const override { return source_.size(); }
  std::vector<std::string> class_names() const override { return source_.class_names(); }
  std::string checksum() const override { return source_.checksum(); }

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
  std::string checksum() const override { return codec_.checksum(); }

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

/// Those that are not empty, separated by blanks.
template <typename Interface>
std::string checksums(const std::map<std::string, std::unique_ptr<const Interface>>& objects) {
  std::string text;
  for (const auto& [settings, object] : objects) {
    const std::string checksum = object->checksum();
    if (!checksum.empty()) text += (text.empty() ? "" : " ") + checksum;
  }
  return text;
}

}  // namespace

Link LinkBuilder::build(const Scenario& scenario) {
  Link link;
  link.source = std::make_unique<SharedSource>(kept(sources_, scenario.source, scenario.keys()));
  link.codec = std::make_unique<SharedCodec>(kept(codecs_, scenario.codec, scenario.keys()));
  link.encoder_gate = scenario.encoder_gate.make();
  link.gate = scenario.gate.make();
  link.framer = std::make_unique<Framer>(scenario.header);
  link.front_end = scenario.front_end.make();
  link.channel = scenario.channel.make();
  link.transmitter_snr = scenario.transmitter_snr;
  link.point = scenario.snr.point();
  snr_report(link, TrialRng{static_cast<std::uint64_t>(scenario.run.seed), 0, 0});  // throws for a text it does not know
  return link;
}

std::string LinkBuilder::source_checksum() const { return checksums(sources_); }
std::string LinkBuilder::weights_checksum() const { return checksums(codecs_); }

}  // namespace semlink
