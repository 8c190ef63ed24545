#include <semlink/train/budget_control.h>

#include <semlink/codecs/nn/samplers/budget.h>

namespace semlink::train {

namespace {

constexpr double kDecay = 0.9;

}  // namespace

nn::Var<float> BudgetControl::loss(nn::Context<float>& context, const nn::Var<float>& usage,
                                   const TrainSettings& settings) const {
  if (settings.budget_rule == "price") return usage;
  if (settings.budget_rule == "dual") return nn::scaled(context, usage, static_cast<float>(price_));
  const double here = static_cast<double>(usage.data()[0]);
  const nn::Var<float> mean = nn::shifted(context, usage, static_cast<float>((usage_ < 0 ? here : usage_) - here));
  return settings.budget_rule == "hinge" ? nn::budget_hinge(context, mean, settings.gate_budget)
                                         : nn::budget_square(context, mean, settings.gate_budget);
}

void BudgetControl::add(double share, const TrainSettings& settings) {
  usage_ = usage_ < 0 ? share : kDecay * usage_ + (1 - kDecay) * share;
  price_ = nn::ascend(price_, settings.budget_rate, share, settings.gate_budget);
}

void BudgetControl::restore(double usage, double price) {
  usage_ = usage;
  price_ = price;
}

}  // namespace semlink::train
