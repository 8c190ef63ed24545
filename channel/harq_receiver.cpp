#include <semlink/channel/harq_receiver.h>

#include <numeric>
#include <span>
#include <string>

#include <semlink/core/error.h>

namespace semlink {

HarqReceiver::HarqReceiver(const BitTransport& transport, Index num_bits)
    : transport_(transport),
      num_bits_(num_bits),
      buffers_(static_cast<std::size_t>(transport.num_blocks(num_bits)), SoftBuffer(*transport.code())),
      blocks_(buffers_.size()),
      waiting_(buffers_.size()) {
  std::iota(waiting_.begin(), waiting_.end(), Index{0});
}

void HarqReceiver::receive(const Symbols& x_hat, const Eigen::VectorXf& noise_var) {
  const auto word_bits = static_cast<std::size_t>(transport_.code()->coded_bits());
  const Index uses = transport_.modem().num_symbols(static_cast<Index>(word_bits * waiting_.size()));
  if (x_hat.rows() != uses || noise_var.size() != uses)
    throw Error(ErrorCode::bad_argument, std::to_string(x_hat.rows()) + " symbols with " +
                                             std::to_string(noise_var.size()) + " noise variances: expected " +
                                             std::to_string(uses) + " for " + std::to_string(waiting_.size()) +
                                             " blocks");
  const Llrs llrs = transport_.modem().demodulate(x_hat, noise_var);
  const int version = transport_.redundancy_version(attempts_++);
  std::vector<Index> failed;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const auto block = static_cast<std::size_t>(waiting_[i]);
    buffers_[block].add(std::span(llrs).subspan(i * word_bits, word_bits), version);
    const double iterations = blocks_[block].iterations;
    blocks_[block] = buffers_[block].decode();
    blocks_[block].iterations += iterations;
    if (!blocks_[block].ok) failed.push_back(waiting_[i]);
  }
  words_sent_ += std::ssize(waiting_);
  waiting_ = std::move(failed);
}

void HarqReceiver::miss() {
  ++attempts_;
  words_sent_ += std::ssize(waiting_);
}

double HarqReceiver::mean_transmissions() const {
  return blocks_.empty() ? 0 : static_cast<double>(words_sent_) / static_cast<double>(blocks_.size());
}

ReceivedBits HarqReceiver::result() const {
  ReceivedBits received;
  const Index block_bits = transport_.code()->message_bits();
  for (const Decoded& block : blocks_) {
    received.bits.insert(received.bits.end(), block.bits.begin(), block.bits.end());
    if (block.bits.empty()) received.bits.resize(received.bits.size() + static_cast<std::size_t>(block_bits));
    received.block_ok.push_back(block.ok);
    received.iterations += block.iterations / static_cast<double>(blocks_.size());
  }
  received.note_iterations();
  received.bits.resize(static_cast<std::size_t>(num_bits_));
  return received;
}

}  // namespace semlink
