#include <semlink/channel/bit_transport.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <semlink/channel/fec/code.h>
#include <semlink/channel/fec/harq.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

std::vector<std::string> all_decoders() {
  std::vector<std::string> names = {"auto"};
  for (const std::string& code : code_names())
    for (const std::string& decoder : decoder_names(code))
      if (code != "none" && std::find(names.begin(), names.end(), decoder) == names.end()) names.push_back(decoder);
  return names;
}

std::unique_ptr<const Code> code_of(const BitTransportSettings& settings, Index bits_per_symbol) {
  if (settings.code == "none") return nullptr;
  if (!settings.info_bits || !settings.coded_bits)
    throw Error(ErrorCode::bad_scenario,
                "fec.code = " + settings.code + ": expected fec.info_bits and fec.coded_bits with it");
  CodeSettings code{.code = settings.code, .info_bits = *settings.info_bits, .coded_bits = *settings.coded_bits};
  code.crc = settings.crc;
  if (settings.decoder != "auto") code.decoder = settings.decoder;
  code.iterations = static_cast<int>(settings.iterations);
  code.bits_per_symbol = settings.code == "nr_ldpc" ? bits_per_symbol : 1;
  try {
    return make_code(code);
  } catch (const Error& error) {
    throw Error(ErrorCode::bad_scenario, std::string("fec: ") + error.what());
  }
}

[[noreturn]] void refuse_harq(const BitTransportSettings& settings, const char* expected) {
  throw Error(ErrorCode::bad_scenario, "fec.harq = " + settings.harq + ": expected " + expected + " with it");
}

/// The redundancy versions in turn; none without HARQ.
std::vector<int> order_of(const BitTransportSettings& settings) {
  if (settings.harq == "none") return {};
  if (settings.code == "none" || !settings.crc) refuse_harq(settings, "a code and fec.crc = true");
  if (settings.harq == "chase") return {0};
  if (settings.code != "nr_ldpc") refuse_harq(settings, "fec.code = nr_ldpc, which has redundancy versions,");
  std::vector<int> order;
  for (const char digit : settings.redundancy_order) order.push_back(digit - '0');
  const auto is_version = [](int version) { return version >= 0 && version <= 3; };
  if (order.empty() || order.size() > 16 || order.front() != 0 || !std::all_of(order.begin(), order.end(), is_version))
    throw Error(ErrorCode::bad_scenario, "fec.redundancy_order = " + settings.redundancy_order +
                                             ": expected 1 to 16 digits from 0 to 3, the first 0");
  return order;
}

}  // namespace

void ReceivedBits::note_iterations() {
  if (iterations == 0) iterations = kNotMeasured;
}

void BitTransportSettings::declare(Keys& keys) {
  modem.declare(keys);
  keys.choice("fec.code", code, code_names()).help("Code of the bits of a digital payload.");
  keys.optional_integer("fec.info_bits", info_bits)
      .unit("bits")
      .range(1, 1 << 24)
      .help(
          "Information bits of a block, with fec.crc its CRC among them; none, without a code: the frame is one "
          "block.");
  keys.optional_integer("fec.coded_bits", coded_bits)
      .unit("bits")
      .range(1, 1 << 24)
      .help("Coded bits that are sent of a block.");
  keys.flag("fec.crc", crc).help("Attach a CRC to every block; its bits count as information in the code rate.");
  keys.choice("fec.decoder", decoder, all_decoders()).help("Decoder; auto: the usual one of the code.");
  keys.integer("fec.iterations", iterations).range(1, 10000).help("Iterations of an iterative decoder at most.");
  keys.choice("fec.harq", harq, {"none", "chase", "incremental"})
      .help(
          "Sends blocks again whose CRC fails, each time as a frame of its own with a channel draw of its own, and "
          "decodes all transmissions together: the same code bits (chase) or those of fec.redundancy_order "
          "(incremental). The receiver's answers are free and never wrong. Eb/N0 is that of one transmission.");
  keys.integer("fec.max_transmissions", max_transmissions)
      .range(1, 64)
      .help("Transmissions of a block with fec.harq at most.");
  keys.text("fec.redundancy_order", redundancy_order)
      .help("Redundancy versions of the transmissions in turn, a digit each, over again when there are more.");
}

BitTransport::BitTransport(const Settings& settings)
    : modem_(settings.modem.make()),
      code_(code_of(settings, modem_.bits_per_symbol())),
      redundancy_order_(order_of(settings)),
      max_transmissions_(has_harq() ? static_cast<int>(settings.max_transmissions) : 1) {
  block_bits_ = code_ ? code_->message_bits() : settings.info_bits.value_or(0);
  has_check_ = code_ && settings.crc;
}

BitTransport::~BitTransport() = default;

Index BitTransport::num_blocks(Index num_bits) const {
  return num_bits == 0 ? 0 : (num_bits + block_bits(num_bits) - 1) / block_bits(num_bits);
}

Index BitTransport::uses(Index num_bits) const {
  return modem_.num_symbols(code_ ? num_blocks(num_bits) * code_->coded_bits() : num_bits);
}

double BitTransport::esn0_over_ebn0_db() const {
  const double rate = code_ ? static_cast<double>(code_->info_bits()) / static_cast<double>(code_->coded_bits()) : 1.0;
  return 10 * std::log10(rate * static_cast<double>(modem_.bits_per_symbol()));
}

int BitTransport::redundancy_version(int attempt) const {
  return has_harq() ? harq_version(redundancy_order_, attempt) : 0;
}

Bits BitTransport::encode_block(const Bits& bits, Index block, int version) const {
  const auto first = static_cast<std::size_t>(block * block_bits_);
  Bits message(static_cast<std::size_t>(block_bits_));
  std::copy_n(bits.begin() + static_cast<std::ptrdiff_t>(first), std::min(message.size(), bits.size() - first),
              message.begin());
  return code_->encode(message, version);
}

Bits BitTransport::encode(const Bits& bits) const {
  Bits coded;
  coded.reserve(static_cast<std::size_t>(num_blocks(std::ssize(bits)) * code_->coded_bits()));
  for (Index block = 0; block < num_blocks(std::ssize(bits)); ++block) {
    const Bits word = encode_block(bits, block, 0);
    coded.insert(coded.end(), word.begin(), word.end());
  }
  return coded;
}

Symbols BitTransport::send_again(const Bits& bits, std::span<const Index> blocks, int attempt) const {
  Bits coded;
  for (const Index block : blocks) {
    const Bits word = encode_block(bits, block, redundancy_version(attempt));
    coded.insert(coded.end(), word.begin(), word.end());
  }
  return modem_.modulate(coded);
}

Symbols BitTransport::send(const Bits& bits) const { return modem_.modulate(code_ ? encode(bits) : bits); }

ReceivedBits BitTransport::decode(std::span<const float> llrs, Index num_bits) const {
  const auto blocks = static_cast<std::size_t>(num_blocks(num_bits));
  ReceivedBits received;
  for (const Decoded& decoded :
       code_->decode_words(llrs.first(blocks * static_cast<std::size_t>(code_->coded_bits())))) {
    received.bits.insert(received.bits.end(), decoded.bits.begin(), decoded.bits.end());
    if (has_check_) received.block_ok.push_back(decoded.ok);
    received.iterations += decoded.iterations / static_cast<double>(blocks);
  }
  received.note_iterations();
  return received;
}

ReceivedBits BitTransport::lost(Index num_bits) const {
  ReceivedBits received{.iterations = kNotMeasured};
  if (has_check_) received.block_ok.assign(static_cast<std::size_t>(num_blocks(num_bits)), 0);
  return received;
}

ReceivedBits BitTransport::receive(const Symbols& x_hat, const Eigen::VectorXf& noise_var, Index num_bits) const {
  if (x_hat.rows() != uses(num_bits) || noise_var.size() != x_hat.rows())
    throw Error(ErrorCode::bad_argument, std::to_string(x_hat.rows()) + " symbols with " +
                                             std::to_string(noise_var.size()) + " noise variances: expected " +
                                             std::to_string(uses(num_bits)) + " for " + std::to_string(num_bits) +
                                             " bits");
  ReceivedBits received;
  if (code_) {
    received = decode(modem_.demodulate(x_hat, noise_var), num_bits);
  } else {
    received.bits = modem_.decide(x_hat);
    received.iterations = kNotMeasured;
  }
  received.bits.resize(static_cast<std::size_t>(num_bits));
  return received;
}

}  // namespace semlink
