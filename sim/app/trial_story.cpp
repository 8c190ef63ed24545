#include <semlink/app/trial_story.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>

#include <semlink/codecs/adaptive/header.h>
#include <semlink/core/format.h>
#include <semlink/link/metrics.h>

namespace semlink {
namespace {

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

/// What every number of symbols per token was predicted to give, and which was taken.
void print_rate(std::ostream& out, const DecisionTrace& decisions) {
  if (decisions.rate_mse.empty()) return;
  out << "rate     " << decisions.width << " symbols per " << (decisions.pooled.empty() ? "token" : "row")
      << "; predicted dB with 1, 2, ...:";
  for (const double mse : decisions.rate_mse) out << format(" %.2f", 10 * std::log10(1 / mse));
  out << "\n";
}

/// A line for each stage that a side was asked about.
void print_stages(std::ostream& out, const char* side, const DecisionTrace& decisions) {
  for (const StageDecision& stage : decisions.stages) {
    out << "stage    " << side << " " << stage.stage + 1 << ", "
        << format("%.3g million MACs: ", static_cast<double>(stage.macs) / 1e6);
    if (stage.predicted_mse > 0)
      out << format("predicted to take %.2f dB to %.2f dB, ", 10 * std::log10(1 / stage.predicted_mse),
                    10 * std::log10(1 / stage.predicted_mse_next));
    out << (stage.opened ? "runs\n" : "does not run\n");
  }
}

/// A grid of characters, one for each token.
template <typename CharacterOf>
void print_grid(std::ostream& out, const TokenMap& tokens, const CharacterOf& character_of) {
  for (Index y = 0; y < tokens.height; ++y) {
    out << "         ";
    for (Index x = 0; x < tokens.width; ++x) out << character_of(static_cast<std::size_t>(y * tokens.width + x));
    out << "\n";
  }
}

char letter(Index row) { return static_cast<char>('a' + row % 26); }

void print_pooled(std::ostream& out, const TokenMap& tokens) {
  out << "rows     " << tokens.members.size() << " made of " << tokens.row.size()
      << " tokens, each shown by a letter for the row it weighs most in\n";
  print_grid(out, tokens, [&](std::size_t token) { return letter(tokens.row[token]); });
}

void print_tokens(std::ostream& out, const TokenMap& tokens) {
  const auto of_row = [&](std::size_t token) { return tokens.row[token]; };
  bool groups = false, rest = false, missing = false;
  for (std::size_t token = 0; token < tokens.row.size(); ++token) {
    rest = rest || tokens.is_rest(token);
    groups = groups || (tokens.is_shared(token) && !tokens.is_rest(token));
    missing = missing || of_row(token) < 0;
  }
  out << "tokens   " << tokens.members.size() << " of " << tokens.row.size() << " sent (#)";
  if (groups) out << ", like letters share one";
  if (rest) out << ", summed up (~)";
  if (missing) out << ", not sent (.)";
  out << "\n";
  print_grid(out, tokens, [&](std::size_t token) {
    if (of_row(token) < 0) return '.';
    if (tokens.is_rest(token)) return '~';
    return tokens.is_shared(token) ? letter(of_row(token)) : '#';
  });
}

char digit(Index number) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  return kDigits[static_cast<std::size_t>(number) % kDigits.size()];
}

/// How many blocks each token went through, where that differs, and which experts served it in each.
void print_blocks(std::ostream& out, const char* side, const DecisionTrace& decisions, const TokenMap& tokens) {
  const std::vector<Index> depth = token_depths(decisions, tokens);
  if (!decisions.blocks.empty() &&
      std::any_of(depth.begin(), depth.end(), [&](Index d) { return d != depth.front(); })) {
    out << "depth    " << side << ", blocks run on each token\n";
    print_grid(out, tokens, [&](std::size_t token) { return digit(depth[token]); });
  }
  for (const BlockMap& map : decisions.blocks) {
    if (map.expert.empty()) continue;
    out << "experts  " << side << ", block " << map.block + 1 << "\n";
    print_grid(out, tokens, [&](std::size_t token) { return map.expert[token] < 0 ? '.' : digit(map.expert[token]); });
  }
}

}  // namespace

std::optional<TokenMap> sent_tokens(const Payload& payload, const std::string& selection, const TrialRng& rng) {
  std::vector<Bits> pieces;
  for (const SideInfo& piece : payload.side_info) pieces.push_back(piece.bits);
  const std::optional<adaptive::Header> header = adaptive::read_header(pieces, adaptive::find_selector(selection), rng);
  if (!header || header->label) return std::nullopt;
  return make_token_map(header->grid.height, header->grid.width, header->map);
}

std::vector<Index> token_depths(const DecisionTrace& decisions, const TokenMap& tokens) {
  std::vector<Index> depth(tokens.row.size(), 0);
  for (const BlockMap& map : decisions.blocks)
    for (std::size_t token = 0; token < depth.size(); ++token) depth[token] += map.ran[token] ? 1 : 0;
  return depth;
}

TokenMap make_token_map(Index height, Index width, const adaptive::TokenMap& map) {
  TokenMap made{height, width, static_cast<Index>(map.tokens.size()), map.source,
                std::vector<Index>(static_cast<std::size_t>(map.num_rows()), 0)};
  if (made.row.empty()) {
    made.row.assign(static_cast<std::size_t>(height * width), -1);
    for (std::size_t row = 0; row < map.tokens.size(); ++row)
      made.row[static_cast<std::size_t>(map.tokens[row])] = static_cast<Index>(row);
  }
  for (const Index row : made.row)
    if (row >= 0) ++made.members[static_cast<std::size_t>(row)];
  return made;
}

std::optional<TokenMap> pooled_tokens(const TrialTrace& trace) {
  const std::vector<Index>& row = trace.encoder_decisions.pooled;
  const Index num_rows = trace.payload.tokens_kept;
  if (row.empty() || num_rows == 0) return std::nullopt;
  const Image& image = trace.sample.image;
  const double pixels = static_cast<double>(image.height * image.width) / static_cast<double>(row.size());
  const Index patch = std::lround(std::sqrt(pixels));
  TokenMap made{image.height / patch,
                image.width / patch,
                num_rows,
                row,
                std::vector<Index>(static_cast<std::size_t>(num_rows), 0),
                true};
  for (const Index one : row) ++made.members[static_cast<std::size_t>(one)];
  return made;
}

void print_story(std::ostream& out, const TrialTrace& trace, const std::optional<TokenMap>& tokens) {
  out << "channel  " << gains_text(trace.state.gain) << "\n";
  out << "header   " << header_text(trace.payload, trace.received) << "\n";
  out << "exits    transmitter after " << format("%.4g", trace.payload.encoder_depth) << " blocks, receiver after "
      << format("%.4g", trace.output.decoder_depth) << " (exit " << trace.output.exit_index << ")\n";
  if (const int decision = decided_class(trace.output); decision >= 0)
    out << "class    " << decision << (trace.output.label >= 0 ? ", decided by the transmitter" : "")
        << "; the sample's is " << (trace.sample.label >= 0 ? std::to_string(trace.sample.label) : "not known") << "\n";
  print_rate(out, trace.encoder_decisions);
  print_stages(out, "transmitter", trace.encoder_decisions);
  print_stages(out, "receiver", trace.decoder_decisions);
  if (!tokens) return;
  if (tokens->pooled)
    print_pooled(out, *tokens);
  else
    print_tokens(out, *tokens);
  print_blocks(out, "transmitter", trace.encoder_decisions, *tokens);
  print_blocks(out, "receiver", trace.decoder_decisions, *tokens);
}

}  // namespace semlink
