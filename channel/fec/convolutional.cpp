#include <semlink/channel/fec/convolutional.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <vector>

#include <semlink/channel/fec/transport_crc.h>
#include <semlink/channel/fec/viterbi_internal.h>

namespace semlink {
namespace {

constexpr unsigned kGenerators[] = {0133, 0171, 0165};
constexpr Index kMemory = 6;
constexpr double kHighestRate = 0.9;
constexpr Index kSettlingSteps = 96;
constexpr float kSoftScale = 16;

unsigned next_register(unsigned state, unsigned bit) { return bit << kMemory | state; }

std::vector<std::int16_t> soft_bits(std::span<const float> llrs) {
  std::vector<std::int16_t> soft(llrs.size());
  const float limit = viterbi::kMaxSoftBit;
  for (std::size_t i = 0; i < llrs.size(); ++i) {
    const float scaled = std::clamp(kSoftScale * llrs[i], -limit, limit);
    soft[i] = static_cast<std::int16_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
  }
  return soft;
}

/// Follows the decisions back from `state` behind the last step to before step `first`; bits[i] is the input of step i.
unsigned trace_back(const std::vector<std::uint64_t>& decisions, Index first, Index end, unsigned state, Bits& bits) {
  for (Index step = end - 1; step >= first; --step) {
    bits[step] = static_cast<std::uint8_t>(state >> (kMemory - 1));
    state = (state & 31) << 1 | (decisions[step] >> state & 1);
  }
  return state;
}

unsigned best_state(const viterbi::Metrics& metrics) {
  unsigned best = 0;
  for (unsigned state = 1; state < viterbi::kStates; ++state)
    if (static_cast<std::int16_t>(metrics[state] - metrics[best]) > 0) best = state;
  return best;
}

/// Code bits of `input` from `state` on, generator by generator in each step.
Bits mother_bits(std::span<const std::uint8_t> input, std::span<const unsigned> generators, unsigned state) {
  Bits mother;
  mother.reserve(input.size() * generators.size());
  for (const std::uint8_t bit : input) {
    const unsigned content = next_register(state, bit & 1u);
    for (const unsigned generator : generators) mother.push_back(std::popcount(content & generator) & 1);
    state = content >> 1;
  }
  return mother;
}

/// The state that a tail-biting message starts and ends in: its last bits, the newest highest.
unsigned closing_state(std::span<const std::uint8_t> input) {
  unsigned state = 0;
  for (Index i = 0; i < kMemory; ++i) state |= (input[input.size() - 1 - i] & 1u) << (kMemory - 1 - i);
  return state;
}

long correlation(const Bits& word, std::span<const std::int16_t> soft) {
  long sum = 0;
  for (std::size_t i = 0; i < word.size(); ++i) sum += word[i] ? -soft[i] : soft[i];
  return sum;
}

void check(const CodeSettings& s, bool tail_biting) {
  const Index fewest = tail_biting ? kMemory : 1;
  if (s.info_bits < fewest)
    throw_bad_setting("info_bits", std::to_string(s.info_bits), std::to_string(fewest) + " or more");
  if (static_cast<double>(s.info_bits) > kHighestRate * static_cast<double>(s.coded_bits))
    throw_bad_setting("coded_bits", std::to_string(s.coded_bits),
                      "a rate of at most 0.9 for info_bits = " + std::to_string(s.info_bits));
}

}  // namespace

Convolutional::Convolutional(const CodeSettings& settings, bool tail_biting)
    : info_bits_(settings.info_bits),
      coded_bits_(settings.coded_bits),
      tail_biting_(tail_biting),
      crc_(transport_crc(settings)),
      num_steps_(info_bits_ + (tail_biting ? 0 : kMemory)),
      generators_(kGenerators, coded_bits_ >= 3 * num_steps_ ? 3 : 2) {
  check(settings, tail_biting);
}

Index Convolutional::source(Index sent) const {
  const Index mother = buffer_size();
  const Index in_whole_copies = coded_bits_ / mother * mother;
  if (sent < in_whole_copies) return sent % mother;
  return (sent - in_whole_copies) * mother / (coded_bits_ - in_whole_copies);
}

Bits Convolutional::encode(const Bits& message, int) const {
  if (static_cast<Index>(message.size()) != message_bits())
    throw_bad_setting("message", std::to_string(message.size()) + " bits", std::to_string(message_bits()));
  Bits input = message;
  const Bits check = crc_.of(message);
  input.insert(input.end(), check.begin(), check.end());
  const unsigned start = tail_biting_ ? closing_state(input) : 0;
  input.resize(static_cast<std::size_t>(num_steps_));
  const Bits mother = mother_bits(input, generators_, start);
  Bits sent(static_cast<std::size_t>(coded_bits_));
  for (Index i = 0; i < coded_bits_; ++i) sent[i] = mother[source(i)];
  return sent;
}

void Convolutional::combine(std::span<const float> llrs, int, std::span<float> buffer) const {
  if (static_cast<Index>(llrs.size()) != coded_bits_)
    throw_bad_setting("llrs", std::to_string(llrs.size()), std::to_string(coded_bits_));
  if (static_cast<Index>(buffer.size()) != buffer_size())
    throw_bad_setting("buffer", std::to_string(buffer.size()), std::to_string(buffer_size()));
  if (coded_bits_ == buffer_size()) {
    for (Index i = 0; i < coded_bits_; ++i) buffer[i] += bounded_llr(llrs[i]);
  } else {
    for (Index i = 0; i < coded_bits_; ++i) buffer[source(i)] += bounded_llr(llrs[i]);
  }
}

Bits Convolutional::decode_from(unsigned start, std::span<const std::int16_t> soft) const {
  viterbi::Metrics metrics;
  metrics.fill(-viterbi::kStartPenalty);
  metrics[start] = 0;
  std::vector<std::uint64_t> decisions(static_cast<std::size_t>(num_steps_));
  viterbi::forward(soft, generators_, metrics, decisions.data());
  Bits bits(static_cast<std::size_t>(num_steps_));
  trace_back(decisions, 0, num_steps_, start, bits);
  return bits;
}

Bits Convolutional::try_all_starts(std::span<const std::int16_t> soft) const {
  Bits best;
  long best_value = std::numeric_limits<long>::min();
  for (unsigned start = 0; start < viterbi::kStates; ++start) {
    Bits bits = decode_from(start, soft);
    const long value = correlation(mother_bits(bits, generators_, start), soft);
    if (value > best_value) {
      best_value = value;
      best = std::move(bits);
    }
  }
  return best;
}

Bits Convolutional::decode_tail_biting(std::span<const std::int16_t> soft) const {
  const Index outputs = static_cast<Index>(generators_.size()), total = num_steps_ + 2 * kSettlingSteps;
  std::vector<std::int16_t> circle;
  circle.reserve(static_cast<std::size_t>(total * outputs));
  for (Index step = 0; step < total; ++step) {
    // The settling steps before the word are its last ones.
    const Index from = (step + num_steps_ * kSettlingSteps - kSettlingSteps) % num_steps_ * outputs;
    circle.insert(circle.end(), soft.begin() + from, soft.begin() + from + outputs);
  }
  viterbi::Metrics metrics{};
  std::vector<std::uint64_t> decisions(static_cast<std::size_t>(total));
  viterbi::forward(circle, generators_, metrics, decisions.data());

  Bits bits(static_cast<std::size_t>(total));
  const Index word_end = kSettlingSteps + num_steps_;
  const unsigned at_end = trace_back(decisions, word_end, total, best_state(metrics), bits);
  const unsigned at_start = trace_back(decisions, kSettlingSteps, word_end, at_end, bits);
  if (at_start != at_end) return try_all_starts(soft);
  return Bits(bits.begin() + kSettlingSteps, bits.begin() + word_end);
}

Decoded Convolutional::decode_buffer(std::span<const float> buffer) const {
  const std::vector<std::int16_t> soft = soft_bits(buffer);
  Decoded decoded;
  decoded.bits = tail_biting_ ? decode_tail_biting(soft) : decode_from(0, soft);
  decoded.bits.resize(static_cast<std::size_t>(info_bits_));
  decoded.ok = crc_holds(crc_, decoded.bits);
  decoded.bits.resize(static_cast<std::size_t>(message_bits()));
  return decoded;
}

}  // namespace semlink
