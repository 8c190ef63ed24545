#pragma once

#include <memory>
#include <vector>

#include <semlink/codecs/adaptive/depth/aggregate.h>
#include <semlink/codecs/nn/decision_operations.h>
#include <semlink/train/class_loss.h>
#include <semlink/train/pass.h>

/// The way of one chunk through the link as trainings take it; what they lose on it is in the passes.
namespace semlink::train {

/// Smallest squared error whose logarithm is taken.
inline constexpr double kSmallestMse = 1e-6;

/// One chunk after its way through encoder, channel and receiver's embedding: the decoder's blocks come next.
struct Halfway {
  std::vector<nn::Grid> grids;
  std::vector<adaptive::Condition> decoder_conditions;
  std::vector<adaptive::TokenPlace> sent;    ///< tokens that are made from the rows received; all where rows are pooled
  std::vector<Index> sources;                ///< from which row each of `sent`; empty: each from its own
  nn::Var<float> scores;                     ///< of all tokens at the selection; empty when nothing was scored
  std::vector<adaptive::TokenPlace> scored;  ///< places of the rows of `scores`
  nn::Var<float> received;                   ///< what `Network::receive` reads
  nn::Var<float> encoder_prediction;  ///< the gate's view at the encoder's exit; empty unless asked for
  nn::Var<float> rate_prediction;     ///< the rate gate's; empty unless asked for and there is one
};

/// `predict` asks for what the gates of the encoder see. `classes`, where it is not null, receives the scores of the
/// encoder's class heads.
Halfway encode_and_send(nn::Context<float>& context, const PassInputs& inputs, const ChunkPlan& plan, bool predict,
                        ClassLoss* classes = nullptr);

/// The decoder, exit by exit. Exits must be asked for in rising order.
class Decoder {
 public:
  /// `depth`: how a training draws; null to decide as a receiver does.
  Decoder(nn::Context<float>& context, const adaptive::Network& network, const Halfway& halfway,
          const adaptive::DepthTraining* depth)
      : context_(context),
        network_(network),
        grids_(halfway.grids),
        condition_(network.decoder_condition(context, halfway.decoder_conditions)),
        linear_(network.config().reconstructs() ? network.linear_pixels(context, halfway.received, condition_,
                                                                        halfway.sent, halfway.grids, halfway.sources)
                                                : nn::Var<float>()),
        way_(adaptive::start_depth<float>(
            {context, network, condition_, grids_, {}, depth},
            network.receive(context, halfway.received, halfway.sent, halfway.grids, halfway.sources))),
        aggregate_(context, network, condition_, grids_) {}

  /// Image of exit `exit`, whose gradient on what it reads is multiplied by `gradient`.
  nn::Var<float> pixels(Index exit, float gradient = 1) {
    advance(exit);
    const bool whole = gradient == 1;
    return way_->pixels(whole ? linear_ : nn::scale_gradient(context_, linear_, gradient), gradient);
  }
  /// Class scores of exit `exit`; `gradient` as for `pixels`.
  nn::Var<float> classes(Index exit, float gradient = 1) {
    advance(exit);
    adaptive::Tokens<float> seen = way_->output();
    if (gradient == 1) return network_.classes(context_, exit, seen, condition_);
    seen.x = nn::scale_gradient(context_, seen.x, gradient);
    return network_.classes(context_, exit, seen, nn::scale_gradient(context_, condition_, gradient));
  }
  nn::Var<float> predict(Index exit) {
    advance(exit);
    return network_.predict(context_, exit, way_->output(), condition_);
  }

  adaptive::DepthRun<float>& way() { return *way_; }
  /// Asked for before the first exit: images of all exits are made on the way.
  void keep_images() { keeps_images_ = true; }
  /// Images of the exits passed.
  const std::vector<nn::Var<float>>& passed() const { return passed_; }
  /// Mean of the exits passed and of this last image, by the network's own weights.
  nn::Var<float> aggregate(const nn::Var<float>& last) { return aggregate_.finish(last); }

 private:
  void advance(Index exit) {
    for (; way_->blocks() < exit; way_->advance()) {
      if (!keeps_images_) continue;
      passed_.push_back(way_->pixels(linear_));
      if (network_.config().aggregate) aggregate_.pass(*way_, passed_.back());
    }
  }

  nn::Context<float>& context_;
  const adaptive::Network& network_;
  const std::vector<nn::Grid>& grids_;
  nn::Var<float> condition_;
  nn::Var<float> linear_;
  std::unique_ptr<adaptive::DepthRun<float>> way_;
  adaptive::Aggregate<float> aggregate_;
  bool keeps_images_ = false;
  std::vector<nn::Var<float>> passed_;
};

/// Values of all images, one after the other.
std::vector<float> stack_targets(const ChunkPlan& plan);
/// Mean squared error of each image, values in [0, 1].
std::vector<double> image_errors(const ChunkPlan& plan, const nn::Var<float>& pixels,
                                 const std::vector<float>& targets);

/// What the layers of one pass share, on a cleared tape; `gradients` null without a backward pass.
nn::Context<float> training_context(const PassInputs& inputs, const nn::FlatVector<float>& parameters,
                                    nn::FlatVector<float>* gradients, nn::Tape<float>& tape);

}  // namespace semlink::train
