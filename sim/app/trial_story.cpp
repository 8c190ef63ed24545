#include <semlink/app/trial_story.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include <semlink/codecs/adaptive/header.h>
#include <semlink/link/metrics.h>

namespace semlink {
namespace {

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, pattern, values...);
  return buffer;
}

std::string gains_text(const Symbols& gain) {
  if (gain.size() == 0) return "none";
  double sum = 0, low = std::norm(gain(0, 0)), high = low;
  for (Index i = 0; i < gain.size(); ++i) {
    const double power = std::norm(gain.data()[i]);
    sum += power;
    low = std::min(low, power);
    high = std::max(high, power);
  }
  const double mean = sum / static_cast<double>(gain.size());
  const double first_phase = std::arg(gain(0, 0));
  if (high - low <= 1e-6 * high)
    return format("|h|^2 = %.4g (%.2f dB), phase %.3f rad", mean, 10 * std::log10(mean), first_phase);
  return format("|h|^2 = %.4g (%.2f dB) on average, from %.3g to %.3g; phase %.3f rad at first", mean,
                10 * std::log10(mean), low, high, first_phase);
}

std::string header_text(const Payload& payload, const Received& received) {
  if (payload.side_info.empty()) return "none sent";
  std::string text =
      std::to_string(payload.side_info.size()) + (payload.side_info.size() == 1 ? " piece of" : " pieces of");
  for (const SideInfo& piece : payload.side_info)
    text += (&piece == &payload.side_info.front() ? " " : ", ") + std::to_string(piece.bits.size());
  text += " bits; ";
  if (!received.header_ok) return text + "piece " + std::to_string(received.side_info.size() + 1) + " failed its CRC";
  const auto same = [](const SideInfo& sent, const Bits& read) { return sent.bits == read; };
  const bool is_right = std::equal(payload.side_info.begin(), payload.side_info.end(), received.side_info.begin(),
                                   received.side_info.end(), same);
  return text + (is_right ? "all received" : "passed their CRC with wrong bits");
}

}  // namespace

std::optional<TokenMap> sent_tokens(const Payload& payload, const std::string& selection, const TrialRng& rng) {
  std::vector<Bits> pieces;
  for (const SideInfo& piece : payload.side_info) pieces.push_back(piece.bits);
  const std::optional<adaptive::Header> header = adaptive::read_header(pieces, adaptive::find_selector(selection), rng);
  if (!header || header->label) return std::nullopt;
  TokenMap map{header->grid.height, header->grid.width, {}};
  map.kept.resize(static_cast<std::size_t>(map.height * map.width));
  for (const Index token : header->map.tokens) map.kept[static_cast<std::size_t>(token)] = true;
  return map;
}

void print_story(std::ostream& out, const TrialTrace& trace, const std::optional<TokenMap>& tokens) {
  out << "channel  " << gains_text(trace.state.gain) << "\n";
  out << "header   " << header_text(trace.payload, trace.received) << "\n";
  out << "exits    transmitter after " << format("%.4g", trace.payload.encoder_depth) << " blocks, receiver after "
      << format("%.4g", trace.output.decoder_depth) << " (exit " << trace.output.exit_index << ")\n";
  if (const int decision = decided_class(trace.output); decision >= 0)
    out << "class    " << decision << (trace.output.label >= 0 ? ", decided by the transmitter" : "") << "; the sample's is "
        << (trace.sample.label >= 0 ? std::to_string(trace.sample.label) : "not known") << "\n";
  if (!tokens) return;
  out << "tokens   " << std::count(tokens->kept.begin(), tokens->kept.end(), true) << " of " << tokens->kept.size()
      << " sent (#)\n";
  for (Index y = 0; y < tokens->height; ++y) {
    out << "         ";
    for (Index x = 0; x < tokens->width; ++x)
      out << (tokens->kept[static_cast<std::size_t>(y * tokens->width + x)] ? '#' : '.');
    out << "\n";
  }
}

Image faded(const Image& image, const TokenMap& tokens) {
  constexpr float kGrey = 0.5f, kShare = 0.8f;
  Image out = image;
  const Index patch_height = image.height / tokens.height, patch_width = image.width / tokens.width;
  for (Index y = 0; y < image.height; ++y)
    for (Index x = 0; x < image.width; ++x) {
      if (tokens.kept[static_cast<std::size_t>(y / patch_height * tokens.width + x / patch_width)]) continue;
      for (Index c = 0; c < 3; ++c) {
        float& value = out.values[static_cast<std::size_t>((y * image.width + x) * 3 + c)];
        value += kShare * (kGrey - value);
      }
    }
  return out;
}

}  // namespace semlink
