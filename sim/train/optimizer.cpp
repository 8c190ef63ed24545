#include <semlink/train/optimizer.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/codecs/nn/kernels/orthogonalize.h>
#include <semlink/train/parallel.h>

namespace semlink::train {

namespace {

constexpr float kAdamEpsilon = 1e-8F;
constexpr float kMuonMomentum = 0.95F;

/// Square or tall-and-wide parts of a slot that act as operators of their own: a fused query-key-value matrix is three.
Index num_operators(const nn::Slot& slot) { return slot.cols == 3 * slot.rows ? 3 : 1; }

}  // namespace

Optimizer::Optimizer(const nn::ParameterLayout& layout, const TrainSettings& settings, std::vector<bool> trained)
    : layout_(layout),
      settings_(settings),
      trained_(std::move(trained)),
      moment1_(nn::FlatVector<float>::Zero(layout.size())),
      moment2_(nn::FlatVector<float>::Zero(layout.size())) {}

double Optimizer::schedule(std::int64_t step) const {
  const auto total = static_cast<double>(settings_.num_steps());
  const double warmup = std::max(1.0, settings_.warmup * total);
  const double at = static_cast<double>(step);
  if (at < warmup) return (at + 1) / warmup;
  return 0.5 * (1 + std::cos(std::numbers::pi * (at - warmup) / std::max(1.0, total - warmup)));
}

double Optimizer::step(std::int64_t step, nn::FlatVector<float>& gradient, nn::FlatVector<float>& parameters,
                       int num_threads) {
  double energy = 0;
  for (Index i = 0; i < gradient.size(); ++i)
    energy += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
  const double norm = std::sqrt(energy);
  if (norm > settings_.clip) gradient *= static_cast<float>(settings_.clip / norm);
  const bool muon = settings_.optimizer == "muon";
  const auto& slots = layout_.slots();
  parallel_for(num_threads, static_cast<std::int64_t>(slots.size()), [&](std::int64_t i, int) {
    const nn::Slot& slot = slots[static_cast<std::size_t>(i)];
    if (!trained_[static_cast<std::size_t>(i)]) return;
    if (muon && slot.hidden)
      step_muon(step, slot, gradient, parameters);
    else
      step_adam(step, slot, gradient, parameters);
  });
  return norm;
}

void Optimizer::step_adam(std::int64_t step, const nn::Slot& slot, const nn::FlatVector<float>& gradient,
                          nn::FlatVector<float>& parameters) {
  const double count = static_cast<double>(step + 1);
  kernels::AdamStep adam;
  adam.rate = static_cast<float>(settings_.rate * schedule(step));
  adam.beta1 = static_cast<float>(settings_.beta1);
  adam.beta2 = static_cast<float>(settings_.beta2);
  adam.epsilon = kAdamEpsilon;
  adam.weight_decay =
      slot.rows > 1 ? static_cast<float>(settings_.weight_decay) : 0;  // matrices only, no biases and gains
  adam.correction1 = static_cast<float>(1 - std::pow(settings_.beta1, count));
  adam.correction2 = static_cast<float>(1 - std::pow(settings_.beta2, count));
  kernels::adam(adam, slot.size(), gradient.data() + slot.offset, parameters.data() + slot.offset,
                moment1_.data() + slot.offset, moment2_.data() + slot.offset);
}

void Optimizer::step_muon(std::int64_t step, const nn::Slot& slot, const nn::FlatVector<float>& gradient,
                          nn::FlatVector<float>& parameters) {
  auto momentum = nn::view(moment1_, slot);
  const auto g = nn::view(gradient, slot);
  momentum = kMuonMomentum * momentum + (1 - kMuonMomentum) * g;
  const RowMatrix<float> ahead = (1 - kMuonMomentum) * g + kMuonMomentum * momentum;  // Nesterov
  auto values = nn::view(parameters, slot);
  const Index parts = num_operators(slot), cols = slot.cols / parts;
  const auto scale =
      static_cast<float>(settings_.muon_rate * schedule(step) *
                         std::sqrt(std::max(1.0, static_cast<double>(cols) / static_cast<double>(slot.rows))));
  for (Index p = 0; p < parts; ++p) {
    RowMatrix<float> direction = ahead.middleCols(p * cols, cols);
    kernels::orthogonalize(slot.rows, cols, direction.data(), kernels::Precision::f32);
    values.middleCols(p * cols, cols) -= scale * direction;
  }
}

}  // namespace semlink::train
