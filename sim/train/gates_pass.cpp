#include <cmath>

#include <semlink/train/chunk_way.h>

namespace semlink::train {

using nn::Context;
using nn::Var;

namespace {

float ln_error(double mse) { return static_cast<float>(std::log(std::max(kSmallestMse, mse))); }

/// How far the rate gate is off; `errors` are those of the last exit.
Var<float> rate_loss(Context<float>& context, const TrainSettings& settings, const Halfway& halfway,
                     const std::vector<double>& errors) {
  std::vector<float> wanted;
  for (const double mse : errors) wanted.push_back(ln_error(mse));
  return nn::squared_error<float>(context, halfway.rate_prediction, wanted,
                                  std::vector<float>(errors.size(), 1.0F / static_cast<float>(settings.batch)));
}

}  // namespace

ChunkReport gates_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                       nn::FlatVector<float>& gradients, nn::Tape<float>& tape) {
  Context<float> context = training_context(inputs, parameters, &gradients, tape);
  const adaptive::NetworkConfig& config = inputs.network.config();
  const Halfway halfway = encode_and_send(context, inputs, plan, true);
  Decoder decoder(context, inputs.network, halfway, nullptr);
  const std::vector<float> targets = stack_targets(plan);

  std::vector<Var<float>> predictions;
  std::vector<std::vector<double>> errors;
  for (Index exit = 0; exit <= config.decoder_blocks; ++exit) {
    errors.push_back(image_errors(plan, decoder.pixels(exit), targets));
    if (exit < config.decoder_blocks) predictions.push_back(decoder.predict(exit));
  }
  ChunkReport report{.num_images = plan.images.size()};
  report.mse = errors.back();

  const float weight = 1.0F / static_cast<float>(inputs.settings.batch);
  const auto num_images = plan.images.size();
  Var<float> loss;
  const auto add_loss = [&](const Var<float>& prediction, const std::vector<double>& now,
                            const std::vector<double>& next) {
    std::vector<float> wanted;
    for (std::size_t i = 0; i < num_images; ++i) {
      wanted.push_back(ln_error(now[i]));
      wanted.push_back(ln_error(next[i]) - ln_error(now[i]));
    }
    const Var<float> one =
        nn::squared_error<float>(context, prediction, wanted, std::vector<float>(num_images, weight));
    loss = loss.empty() ? one : nn::add(context, loss, one);
  };
  for (std::size_t exit = 0; exit < predictions.size(); ++exit)
    add_loss(predictions[exit], errors[exit], errors[exit + 1]);
  if (!halfway.encoder_prediction.empty()) {
    ChunkPlan deeper = plan;
    ++deeper.encoder_exit;
    nn::Tape<float> other(false);
    add_loss(halfway.encoder_prediction, report.mse, measure(inputs, deeper, parameters, other).mse);
  }
  if (!halfway.rate_prediction.empty())
    loss = nn::add(context, loss, rate_loss(context, inputs.settings, halfway, report.mse));
  report.loss = static_cast<double>(loss.value()(0, 0));
  report.balance_bin.assign(num_images, 0);
  tape.backward(loss);
  return report;
}

ChunkReport rate_gate_pass(const PassInputs& inputs, const ChunkPlan& plan, const nn::FlatVector<float>& parameters,
                           nn::FlatVector<float>& gradients, nn::Tape<float>& tape) {
  Context<float> context = training_context(inputs, parameters, &gradients, tape);
  const Halfway halfway = encode_and_send(context, inputs, plan, true);
  Decoder decoder(context, inputs.network, halfway, nullptr);
  ChunkReport report{.num_images = plan.images.size()};
  report.mse = image_errors(plan, decoder.pixels(inputs.network.config().decoder_blocks), stack_targets(plan));
  report.balance_bin.assign(report.num_images, 0);
  const Var<float> loss = rate_loss(context, inputs.settings, halfway, report.mse);
  report.loss = static_cast<double>(loss.value()(0, 0));
  tape.backward(loss);
  return report;
}

}  // namespace semlink::train
