#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <semlink/codecs/adaptive/depth/depth.h>
#include <semlink/codecs/adaptive/header.h>
#include <semlink/codecs/adaptive/network.h>
#include <semlink/codecs/adaptive/rate_rules.h>
#include <semlink/codecs/adaptive/token_choice.h>
#include <semlink/codecs/codec.h>
#include <semlink/codecs/nn/tape_pool.h>

namespace semlink::adaptive {

/// A network with its trained values.
struct Model {
  NetworkConfig config;
  nn::FlatVector<float> values;
  std::string checksum;  ///< of the values, as hex
};

/// A model with its weights packed: what codecs share that differ in nothing else than their keys.
struct ReadyModel {
  explicit ReadyModel(Model read)
      : model(std::move(read)), network(model.config), packed(network.layout(), model.values) {}
  Model model;
  Network network;
  nn::PackedParameters packed;
};

/// How much of the channel a payload may take, and how it is spent.
struct Rate {
  double bandwidth_ratio = 1.0 / 12;  ///< payload and position uses over source reals, at most
  double keep_ratio = 1;              ///< share of the tokens that are kept
  std::string selection = "learned";  ///< a selector's name
  double keep_threshold = 0.001;      ///< see `SelectQuery`
  Index max_width = 16;  ///< symbols per token at most, beside what the network has; of pooled rows, per token of a row
  std::string rule = "fixed";         ///< a rate rule's name
  double least_gain = 10;             ///< see `RateQuery`
  double target_psnr_db = 27;
};

/// The adaptive transceiver as a codec: tokens leave the encoder's matrix, encoder and decoder stop where their
/// policies say.
///
/// Rate: k = llround(bandwidth_ratio n) channel uses, n the sample's source reals, are the most that it may take for
/// payload and positions together.
/// round(keep_ratio N) of its N tokens are kept, each with the largest number of symbols (1 to `network.max_width`)
/// that fits after the positions are paid; what is left over is not sent. A budget too small for that keeps fewer
/// tokens, or more where that leaves less to tell about them. Selectors that fuse or merge tokens send one row for a
/// group, charged as a token. Networks that pool send all their rows, with up to `NetworkConfig::row_width` symbols
/// each, and no positions. A rate rule may find an image not worth that many symbols per token; the header tells the
/// number in any case.
class AdaptiveCodec final : public Codec {
 public:
  /// With `local_decision` the transmitter sends the class alone as soon as its policy is sure of it, also where the
  /// budget is below one token, which else sends an empty header at once. Throws
  /// Error(bad_scenario) when `depth` does not fit the network, or local decisions do not: it then has no class heads,
  /// or more classes than a header can tell. The same for a selection, or tokens left out, of networks that pool.
  AdaptiveCodec(std::shared_ptr<const ReadyModel> ready, const Rate& rate, const DepthOptions& depth = {},
                bool local_decision = false);
  AdaptiveCodec(Model model, const Rate& rate, const DepthOptions& depth = {}, bool local_decision = false)
      : AdaptiveCodec(std::make_shared<const ReadyModel>(std::move(model)), rate, depth, local_decision) {}

  /// Throws Error(bad_argument) when the image's sides are not multiples of `network.patch` or it has over 65,535
  /// tokens.
  Payload encode(const Sample& sample, EncodeWork& work) const override;

  /// Without a header that makes sense the receiver knows nothing of the image: it shows mid-grey and takes all classes
  /// for equally likely.
  Output decode(const Received& received, DecodeWork& work) const override;

  Index next_side_info_bits(std::span<const Bits> pieces) const override;
  bool next_is_positions(std::span<const Bits> pieces) const override;
  void check_policies(const GatePolicy& encoder_gate, const GatePolicy& gate) const override;
  Index num_classes() const override { return model_.config.classifies() ? model_.config.num_classes : 0; }
  std::string checksum() const override { return model_.checksum; }

 private:
  /// So many tokens and the width that fits `budget`, the uses for payload and positions; 0 tokens where they do not
  /// fit.
  RatePlan plan(const nn::Grid& grid, Index tokens, Index budget, const EncodeWork& work) const;
  /// The number of tokens that codec.keep_ratio asks for, or else the next smaller or larger one that fits.
  RatePlan plan_nearest(const nn::Grid& grid, Index budget, const EncodeWork& work) const;
  /// The largest number of tokens up to `most` that fits; 0 where none fit.
  RatePlan plan_at_most(const nn::Grid& grid, Index most, Index budget, const EncodeWork& work) const;
  /// Rows of the payload where so many tokens have one of their own.
  Index num_rows(const nn::Grid& grid, Index tokens) const;
  /// The width, up to the plan's, that the rate rule grants this image; of codecs whose rule looks at predictions.
  Index worth(nn::Context<float>& context, const EncodeWork& work, const nn::Grid& grid, const RatePlan& plan,
              const Tokens<float>& tokens, Index num_reals) const;
  /// What both ends are told of a sample under this plan.
  Condition condition(const EncodeWork& work, const nn::Grid& grid, const RatePlan& plan) const;
  /// `max_width`: what the rate rule granted; fewer tokens do not get more.
  ChosenTokens choose(nn::Context<float>& context, EncodeWork& work, const nn::Grid& grid, const RatePlan& plan,
                      Index budget, Index max_width, const Tokens<float>& tokens,
                      const nn::AttentionRecord<float>& attention) const;
  nn::Context<float> context(nn::Tape<float>& tape, MacLedger& ledger) const;
  /// What the pieces say. A CRC lets garbage through now and then: a header that does not fit the session or the frame is
  /// none.
  std::optional<Header> fitting_header(const Received& received, const nn::Grid& grid, const DecodeWork& work) const;
  /// What a receiver gives that knows nothing of the sample.
  Output blank_output(const DecodeWork& work) const;

  std::shared_ptr<const ReadyModel> ready_;
  const Model& model_;  // with the network and the packed weights below: parts of `ready_`
  const Network& network_;
  const nn::PackedParameters& packed_;
  Rate rate_;
  const Selector& selector_;
  HeaderFormat format_;
  const RateRule& rate_rule_;
  DepthOptions depth_;
  bool local_decision_;
  mutable nn::TapePool tapes_;  // memory only: what a tape holds is forgotten between calls
};

}  // namespace semlink::adaptive
