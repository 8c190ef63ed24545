#include <semlink/channel/fec/nr_ldpc.h>

#include <algorithm>
#include <iterator>
#include <string>

#include <semlink/channel/fec/transport_crc.h>

namespace semlink {
namespace {

constexpr Index kPuncturedColumns = 2;
constexpr double kHighestRate = 0.95;
/// Bits of a code word before rate matching up to which words side by side are faster; longer ones leave the cache.
constexpr Index kLongestBatchWord = 6000;

void check(const CodeSettings& s) {
  if (s.info_bits < 1) throw_bad_setting("info_bits", std::to_string(s.info_bits), "1 or more");
  if (s.coded_bits < 1 || static_cast<double>(s.info_bits) > kHighestRate * static_cast<double>(s.coded_bits))
    throw_bad_setting("coded_bits", std::to_string(s.coded_bits),
                      "a rate of at most 0.95 for info_bits = " + std::to_string(s.info_bits));
  if (s.bits_per_symbol < 1 || s.coded_bits % s.bits_per_symbol != 0)
    throw_bad_setting("bits_per_symbol", std::to_string(s.bits_per_symbol),
                      "a divisor of coded_bits = " + std::to_string(s.coded_bits));
  if (s.base_graph < 0 || s.base_graph > 2) throw_bad_setting("base_graph", std::to_string(s.base_graph), "0, 1 or 2");
}

const CodeSettings& checked(const CodeSettings& settings) {
  check(settings);
  return settings;
}

NrSegmentation segmentation(const CodeSettings& s, const Crc& crc) {
  const Index message_bits = s.info_bits - crc.num_bits;
  const double rate = static_cast<double>(message_bits) / static_cast<double>(s.coded_bits);
  const int graph = s.base_graph > 0 ? s.base_graph : nr_base_graph(message_bits, rate);
  return segment_nr(s.info_bits, graph, s.crc);
}

/// Without the edges of block columns that hold nothing but fillers: a known 0 changes no check.
LiftedGraph without_fillers(LiftedGraph graph, const NrSegmentation& cut) {
  const Index first_filler = (cut.block_bits.front() + graph.lifting_size - 1) / graph.lifting_size;
  const Index info_columns = base_graph_size(cut.graph).info_columns;
  for (std::vector<LiftedGraph::Edge>& row : graph.rows)
    std::erase_if(row, [&](const auto& edge) { return edge.column >= first_filler && edge.column < info_columns; });
  return graph;
}

LdpcDecoderSettings decoder_settings(const CodeSettings& s) {
  LdpcDecoderSettings settings{.iterations = s.iterations, .early_stop = s.early_stop};
  const std::string name = s.decoder.empty() ? decoder_names("nr_ldpc").front() : s.decoder;
  const bool is_product = name.starts_with("bp_"), is_offset = name.starts_with("oms_");
  settings.rule = is_product  ? LdpcRule::sum_product
                  : is_offset ? LdpcRule::offset_min_sum
                              : LdpcRule::normalized_min_sum;
  settings.schedule = name == "bp_flooding" ? LdpcSchedule::flooding : LdpcSchedule::layered;
  settings.eight_bit = name.ends_with("_int8");
  return settings;
}

void append(Bits& bits, const Bits& more) { bits.insert(bits.end(), more.begin(), more.end()); }

}  // namespace

NrLdpc::NrLdpc(const CodeSettings& settings)
    : info_bits_(checked(settings).info_bits),
      coded_bits_(settings.coded_bits),
      transport_crc_(semlink::transport_crc(settings)),
      segmentation_(semlink::segmentation(settings, transport_crc_)),
      encoder_(segmentation_.graph, segmentation_.lifting_size),
      decoder_(without_fillers(encoder_.graph(), segmentation_), decoder_settings(settings)) {
  if (decoder_settings(settings).eight_bit && graph().num_bits() <= kLongestBatchWord &&
      segmentation_.num_blocks() == 1 && LdpcBatchDecoder::group_size() > 1)
    batch_decoder_.emplace(decoder_.graph(), decoder_settings(settings));
  const std::vector<Index> shares =
      share_nr_coded_bits(coded_bits_, settings.bits_per_symbol, segmentation_.num_blocks());
  for (Index block = 0; block < segmentation_.num_blocks(); ++block)
    rate_matchers_.emplace_back(segmentation_.graph, segmentation_.lifting_size, segmentation_.block_bits[block],
                                shares[block], settings.bits_per_symbol);
}

std::vector<Bits> NrLdpc::code_words(const Bits& message) const {
  if (static_cast<Index>(message.size()) != message_bits())
    throw_bad_setting("message", std::to_string(message.size()) + " bits", std::to_string(message_bits()));
  Bits info = message;
  append(info, transport_crc_.of(message));
  std::vector<Bits> words;
  auto next = info.begin();
  for (const Index block_bits : segmentation_.block_bits) {
    Bits block(next, next + (block_bits - segmentation_.crc_bits));
    next += block_bits - segmentation_.crc_bits;
    if (segmentation_.crc_bits > 0) append(block, kNrCrc24b.of(block));
    block.resize(static_cast<std::size_t>(encoder_.info_bits()));
    words.push_back(encoder_.encode(block, graph().num_columns));
  }
  return words;
}

Bits NrLdpc::encode(const Bits& message, int version) const {
  if (version < 0 || version > 3) throw_bad_setting("version", std::to_string(version), "0 to 3");
  const std::vector<Bits> words = code_words(message);
  Bits sent(static_cast<std::size_t>(coded_bits_));
  std::span<std::uint8_t> rest(sent);
  for (std::size_t block = 0; block < words.size(); ++block) {
    const auto length = static_cast<std::size_t>(rate_matchers_[block].coded_bits());
    const std::span<const std::uint8_t> buffer(words[block]);
    rate_matchers_[block].select(buffer.subspan(kPuncturedColumns * graph().lifting_size), version, rest.first(length));
    rest = rest.subspan(length);
  }
  return sent;
}

Index NrLdpc::buffer_size() const { return segmentation_.num_blocks() * rate_matchers_.front().buffer_size(); }

void NrLdpc::combine(std::span<const float> llrs, int version, std::span<float> buffer) const {
  if (static_cast<Index>(llrs.size()) != coded_bits_)
    throw_bad_setting("llrs", std::to_string(llrs.size()), std::to_string(coded_bits_));
  if (static_cast<Index>(buffer.size()) != buffer_size())
    throw_bad_setting("buffer", std::to_string(buffer.size()), std::to_string(buffer_size()));
  if (version < 0 || version > 3) throw_bad_setting("version", std::to_string(version), "0 to 3");
  for (const NrRateMatcher& matcher : rate_matchers_) {
    const auto length = static_cast<std::size_t>(matcher.coded_bits());
    const auto size = static_cast<std::size_t>(matcher.buffer_size());
    matcher.add(llrs.first(length), version, buffer.first(size));
    llrs = llrs.subspan(length);
    buffer = buffer.subspan(size);
  }
}

std::span<float> NrLdpc::soft_buffer(std::span<float> word) const {
  return word.subspan(kPuncturedColumns * graph().lifting_size);
}

void NrLdpc::fill_in_fillers(Index block, std::span<float> word) const {
  std::fill(word.begin() + segmentation_.block_bits[block], word.begin() + encoder_.info_bits(),
            LdpcDecoder::kLargestLlr);
}

Decoded NrLdpc::join(std::span<Block> blocks) const {
  Decoded decoded{.ok = true};
  Bits info;
  for (Block& block : blocks) {
    decoded.iterations += static_cast<double>(block.result.iterations) / static_cast<double>(blocks.size());
    decoded.ok = decoded.ok && block.result.ok;
    if (segmentation_.crc_bits > 0) decoded.ok = decoded.ok && crc_holds(kNrCrc24b, block.bits);
    block.bits.resize(block.bits.size() - static_cast<std::size_t>(segmentation_.crc_bits));
    append(info, block.bits);
  }
  if (transport_crc_.num_bits > 0) decoded.ok = decoded.ok && crc_holds(transport_crc_, info);
  info.resize(static_cast<std::size_t>(message_bits()));
  decoded.bits = std::move(info);
  return decoded;
}

Decoded NrLdpc::decode_buffer(std::span<const float> buffer) const {
  const Index size = rate_matchers_.front().buffer_size();
  std::vector<float> llrs(static_cast<std::size_t>(graph().num_bits()));
  std::vector<Block> blocks(static_cast<std::size_t>(segmentation_.num_blocks()));
  for (Index block = 0; block < segmentation_.num_blocks(); ++block) {
    blocks[block].bits.resize(static_cast<std::size_t>(segmentation_.block_bits[block]));
    std::ranges::copy(buffer.subspan(block * size, size), soft_buffer(llrs).begin());
    fill_in_fillers(block, llrs);
    blocks[block].result = decoder_.decode(llrs, blocks[block].bits);
  }
  return join(blocks);
}

std::vector<Decoded> NrLdpc::decode_group(std::span<const float> llrs) const {
  const Index num_words = std::ssize(llrs) / coded_bits_, block_bits = segmentation_.block_bits.front();
  const NrRateMatcher& matcher = rate_matchers_.front();
  // Up to the last bit that is sent: the whole words of a group would leave the cache.
  const Index word_llrs = std::max(kPuncturedColumns * graph().lifting_size + matcher.end(0), encoder_.info_bits());
  std::vector<float> words(static_cast<std::size_t>(num_words * word_llrs));
  for (Index i = 0; i < num_words; ++i) {
    const std::span<float> word = std::span(words).subspan(i * word_llrs, word_llrs);
    matcher.add(llrs.subspan(i * coded_bits_, coded_bits_), 0, soft_buffer(word));
    fill_in_fillers(0, word);
  }
  Bits bits(static_cast<std::size_t>(num_words * block_bits));
  const std::vector<LdpcDecoder::Result> results = batch_decoder_->decode(words, num_words, block_bits, bits);
  std::vector<Decoded> messages;
  for (Index word = 0; word < num_words; ++word) {
    const auto first = bits.begin() + word * block_bits;
    Block block{Bits(first, first + block_bits), results[word]};
    messages.push_back(join(std::span(&block, 1)));
  }
  return messages;
}

std::vector<Decoded> NrLdpc::decode_words(std::span<const float> llrs) const {
  if (!batch_decoder_ || std::ssize(llrs) < LdpcBatchDecoder::group_size() / 2 * coded_bits_)
    return Code::decode_words(llrs);
  if (std::ssize(llrs) % coded_bits_ != 0)
    throw_bad_setting("llrs", std::to_string(llrs.size()), "a multiple of " + std::to_string(coded_bits_));
  require_no_nan(llrs);
  const auto group = static_cast<std::size_t>(LdpcBatchDecoder::group_size() * coded_bits_);
  std::vector<Decoded> messages;
  for (; !llrs.empty(); llrs = llrs.subspan(std::min(group, llrs.size()))) {
    std::vector<Decoded> more = decode_group(llrs.first(std::min(group, llrs.size())));
    std::move(more.begin(), more.end(), std::back_inserter(messages));
  }
  return messages;
}

}  // namespace semlink
