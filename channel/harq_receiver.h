#pragma once

#include <vector>

#include <semlink/channel/bit_transport.h>
#include <semlink/channel/fec/harq.h>

namespace semlink {

/// The blocks of one frame of bits at a receiver that keeps what it heard: it adds up all transmissions of a block
/// until the block's CRC agrees. Says what it still waits for; that this reaches the transmitter at once, for nothing
/// and without errors is the caller's assumption.
class HarqReceiver {
 public:
  /// `transport` has a code, and must outlive the receiver.
  HarqReceiver(const BitTransport& transport, Index num_bits);

  /// The next transmission of the blocks waited for: what `BitTransport::send_again` makes of waiting() and attempts(),
  /// equalised, gain one. Throws Error(bad_argument) for another number of symbols.
  void receive(const Symbols& x_hat, const Eigen::VectorXf& noise_var);
  /// A transmission of which nothing was heard.
  void miss();

  /// Blocks whose CRC has not agreed yet, in order; all of them at first.
  const std::vector<Index>& waiting() const { return waiting_; }
  /// Transmissions so far.
  int attempts() const { return attempts_; }
  /// No block is waited for, or no transmission is left.
  bool finished() const { return waiting_.empty() || attempts_ >= transport_.max_transmissions(); }
  /// Transmissions of a block, mean over blocks.
  double mean_transmissions() const;

  /// What the receiver has of the frame.
  ReceivedBits result() const;

 private:
  const BitTransport& transport_;
  Index num_bits_;
  std::vector<SoftBuffer> buffers_;  ///< [num_blocks]
  std::vector<Decoded> blocks_;      ///< [num_blocks]
  std::vector<Index> waiting_;
  int attempts_ = 0;
  Index words_sent_ = 0;
};

}  // namespace semlink
