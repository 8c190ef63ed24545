#include <semlink/train/class_loss.h>

#include <cmath>

#include <semlink/codecs/nn/class_operations.h>
#include <semlink/codecs/nn/softmax.h>
#include <semlink/core/error.h>

namespace semlink::train {

namespace {

/// Squared error that weighs as much as a nat: the loss balance's typical error of an image.
constexpr double kErrorPerNat = 0.004;

Eigen::VectorXf softmax(const Eigen::Ref<const Eigen::VectorXf>& logits) {
  Eigen::VectorXf probabilities(logits.size());
  nn::softmax(logits.data(), logits.size(), probabilities.data());
  return probabilities;
}

Eigen::Map<const Eigen::VectorXf> row(const nn::Var<float>& logits, std::size_t image) {
  return {logits.data() + static_cast<Index>(image) * logits.cols(), logits.cols()};
}

}  // namespace

void ClassLoss::add(const nn::Var<float>& logits, const std::vector<double>& relative, const nn::Var<float>* teacher) {
  RowMatrix<float> targets = RowMatrix<float>::Zero(logits.rows(), logits.cols());
  std::vector<float> weights(plan_.images.size(), 0.0F);
  const double share = kErrorPerNat * settings_.class_weight / static_cast<double>(settings_.batch);
  const auto distill = static_cast<float>(settings_.distill);
  for (std::size_t i = 0; i < plan_.images.size(); ++i) {
    const int label = plan_.images[i].label;
    if (label < 0) continue;
    weights[i] = static_cast<float>(share * relative[i]);
    auto target = targets.row(static_cast<Index>(i));
    if (teacher != nullptr && distill > 0) target = distill * softmax(row(*teacher, i)).transpose();
    target.array() +=
        static_cast<float>(settings_.label_smoothing) * (1 - target.sum()) / static_cast<float>(targets.cols());
    target[label] += 1 - target.sum();
  }
  const nn::Var<float> one = nn::cross_entropy<float>(context_, logits, targets, weights);
  sum_ = sum_.empty() ? one : nn::add(context_, sum_, one);
}

void ClassLoss::add(const nn::Var<float>& logits, double relative) {
  add(logits, std::vector<double>(plan_.images.size(), relative));
}

void score_classes(const ChunkPlan& plan, const nn::Var<float>& logits, ImageScores& scores) {
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const int label = plan.images[i].label;
    if (label < 0) continue;
    const Eigen::VectorXf probabilities = softmax(row(logits, i));
    Index likeliest = 0;
    probabilities.maxCoeff(&likeliest);
    scores.correct.push_back(likeliest == label ? 1 : 0);
    scores.cross_entropy.push_back(-std::log(std::max(1e-30, static_cast<double>(probabilities[label]))));
  }
}

void check_labels(const adaptive::NetworkConfig& config, const TrainSettings& settings, const TrainSources& sources,
                  const Source& validation) {
  if (!config.classifies()) return;
  const Source& labelled = sources.stored != nullptr ? *sources.stored : *sources.builtin;
  for (const Source* source : {&labelled, &validation}) {
    const auto count = static_cast<std::int64_t>(source->class_names().size());
    if (count != config.num_classes)
      throw Error(ErrorCode::bad_scenario, "network.num_classes = " + std::to_string(config.num_classes) +
                                               ": expected " + std::to_string(count) + ", the classes of the images" +
                                               (count == 0 ? " (this source has no labels to learn)" : ""));
  }
  if (config.reconstructs() || sources.stored == nullptr) return;
  const auto refuse = [](const std::string& key, double share) {
    if (share > 0)
      throw Error(ErrorCode::bad_scenario, key +
                                               " is not 0: expected 0 with network.task = classification, whose "
                                               "classes are those of source.kind alone");
  };
  refuse("train.builtin_share", settings.builtin_share);
  refuse("train.large_share", sources.large != nullptr ? settings.large_share : 0);
}

}  // namespace semlink::train
