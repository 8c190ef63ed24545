#include <semlink/channel/waveform/flex_frame.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/channel/waveform/liquid_planner.h>
#include <semlink/channel/waveform/pulse_shaper.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

struct Named {
  const char* name;
  int scheme;
};

constexpr std::array kModulations = {Named{"bpsk", LIQUID_MODEM_BPSK},     Named{"qpsk", LIQUID_MODEM_QPSK},
                                     Named{"16qam", LIQUID_MODEM_QAM16},   Named{"64qam", LIQUID_MODEM_QAM64},
                                     Named{"256qam", LIQUID_MODEM_QAM256}, Named{"8psk", LIQUID_MODEM_PSK8},
                                     Named{"16psk", LIQUID_MODEM_PSK16},   Named{"32psk", LIQUID_MODEM_PSK32}};
constexpr std::array kCodes = {
    Named{"none", LIQUID_FEC_NONE},
    Named{"rep3", LIQUID_FEC_REP3},
    Named{"rep5", LIQUID_FEC_REP5},
    Named{"hamming74", LIQUID_FEC_HAMMING74},
    Named{"hamming84", LIQUID_FEC_HAMMING84},
    Named{"hamming128", LIQUID_FEC_HAMMING128},
    Named{"golay2412", LIQUID_FEC_GOLAY2412},
    Named{"secded2216", LIQUID_FEC_SECDED2216},
    Named{"secded3932", LIQUID_FEC_SECDED3932},
    Named{"secded7264", LIQUID_FEC_SECDED7264},
};

template <typename Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const Named& entry : table) names.emplace_back(entry.name);
  return names;
}

template <typename Table>
int scheme_of(const Table& table, const std::string& name, const char* what) {
  for (const Named& entry : table)
    if (name == entry.name) return entry.scheme;
  std::string known;
  for (const Named& entry : table) known += std::string(" ") + entry.name;
  throw Error(ErrorCode::bad_argument, std::string(what) + " = " + name + ": expected one of" + known);
}

struct GeneratorDeleter {
  void operator()(flexframegen_s* object) const { flexframegen_destroy(object); }
};
struct SynchronizerDeleter {
  void operator()(flexframesync_s* object) const { flexframesync_destroy(object); }
};
struct PacketModemDeleter {
  void operator()(qpacketmodem_s* object) const { qpacketmodem_destroy(object); }
};

std::vector<unsigned char> bytes_of(const Bits& bits) {
  std::vector<unsigned char> bytes((bits.size() + 7) / 8);
  for (std::size_t i = 0; i < bits.size(); ++i)
    if (bits[i] & 1) bytes[i / 8] = static_cast<unsigned char>(bytes[i / 8] | (0x80 >> (i % 8)));
  return bytes;
}

Bits bits_of(const unsigned char* bytes, Index num_bits) {
  Bits bits(static_cast<std::size_t>(num_bits));
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = (bytes[i / 8] >> (7 - i % 8)) & 1;
  return bits;
}

/// The samples of flexframegen.
Symbols generate(const std::vector<unsigned char>& payload, int modulation, int code) {
  flexframegenprops_s properties;
  flexframegenprops_init_default(&properties);
  properties.check = LIQUID_CRC_32;
  properties.fec0 = static_cast<unsigned>(code);
  properties.fec1 = LIQUID_FEC_NONE;
  properties.mod_scheme = static_cast<unsigned>(modulation);
  const std::unique_ptr<flexframegen_s, GeneratorDeleter> generator(flexframegen_create(&properties));
  const std::array<unsigned char, 14> header{};
  flexframegen_assemble(generator.get(), header.data(), payload.data(), static_cast<unsigned>(payload.size()));
  Symbols samples(static_cast<Index>(flexframegen_getframelen(generator.get())), 1);
  flexframegen_write_samples(generator.get(), samples.data(), static_cast<unsigned>(samples.rows()));
  return samples;
}

/// What the synchroniser calls back with.
struct Catch {
  FlexFrame::Reception reception;
  Index num_bits = 0;
};

int on_packet(unsigned char*, int header_valid, unsigned char* payload, unsigned num_bytes, int payload_valid,
              framesyncstats_s, void* context) {
  auto& caught = *static_cast<Catch*>(context);
  FlexFrame::Reception& reception = caught.reception;
  reception.found = true;
  if (!header_valid || reception.header_ok || static_cast<Index>(num_bytes) != (caught.num_bits + 7) / 8) return 0;
  reception.header_ok = true;
  reception.payload_ok = payload_valid != 0;
  reception.bits = bits_of(payload, caught.num_bits);
  return 0;
}

}  // namespace

const std::vector<std::string>& FlexFrame::constellations() {
  static const std::vector<std::string> names = names_of(kModulations);
  return names;
}

const std::vector<std::string>& FlexFrame::codes() {
  static const std::vector<std::string> names = names_of(kCodes);
  return names;
}

FlexFrame::FlexFrame(const std::string& constellation, const std::string& code)
    : modulation_(scheme_of(kModulations, constellation, "constellation")), code_(scheme_of(kCodes, code, "code")) {
  const WaveformFormat pulses = format(0);
  const Index samples = generate({0}, modulation_, code_).rows();
  overhead_uses_ = samples / pulses.samples_per_symbol - 2 * pulses.filter_delay - payload_uses(8);
}

Index FlexFrame::payload_uses(Index num_bits) const {
  const std::unique_ptr<qpacketmodem_s, PacketModemDeleter> modem(qpacketmodem_create());
  qpacketmodem_configure(modem.get(), static_cast<unsigned>((num_bits + 7) / 8), LIQUID_CRC_32,
                         static_cast<fec_scheme>(code_), LIQUID_FEC_NONE, modulation_);
  return static_cast<Index>(qpacketmodem_get_frame_len(modem.get()));
}

Symbols FlexFrame::send(const Bits& bits) const {
  const auto num_bits = static_cast<Index>(bits.size());
  if (num_bits > kMaxBits)
    throw Error(
        ErrorCode::bad_argument,
        std::to_string(num_bits) + " bits in a packet of liquid-dsp: expected at most " + std::to_string(kMaxBits));
  return PulseShaper(format(0)).match(generate(bytes_of(bits), modulation_, code_), 0, uses(num_bits));
}

FlexFrame::Reception FlexFrame::receive(const Symbols& samples, Index num_bits) const {
  Catch caught{.num_bits = num_bits};
  const std::scoped_lock lock(liquid_planner());
  const std::unique_ptr<flexframesync_s, SynchronizerDeleter> synchronizer(flexframesync_create(on_packet, &caught));
  flexframesync_decode_header_soft(synchronizer.get(), 1);
  flexframesync_decode_payload_soft(synchronizer.get(), 1);
  // Silence behind the window carries the packet's end through the filters of the receiver.
  Symbols padded = Symbols::Zero(samples.rows() + 1024, 1);
  padded.topRows(samples.rows()) = samples;
  flexframesync_execute(synchronizer.get(), padded.data(), static_cast<unsigned>(padded.rows()));
  return caught.reception;
}

}  // namespace semlink
