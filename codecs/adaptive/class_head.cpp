#include <semlink/codecs/adaptive/class_head.h>

#include <cmath>

namespace semlink::adaptive {

ClassHead::ClassHead(nn::ParameterLayout& layout, const std::string& name, Index layer_dim, Index condition_dim,
                     Index num_classes)
    : film(layout, name + ".film", condition_dim, 2 * layer_dim, nn::Init::zeros),
      out(layout, name, layer_dim, num_classes, nn::Init::small_normal),
      dim(layer_dim) {}

template <typename T>
nn::Var<T> ClassHead::operator()(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& condition,
                                 const nn::RowGroups& samples) const {
  const nn::Var<T> normal = nn::modulated_norm(context, x, film(context, condition), 0, dim, samples);
  return out(context, nn::group_mean(context, normal, samples));
}

template nn::Var<float> ClassHead::operator()(nn::Context<float>&, const nn::Var<float>&, const nn::Var<float>&,
                                              const nn::RowGroups&) const;
template nn::Var<double> ClassHead::operator()(nn::Context<double>&, const nn::Var<double>&, const nn::Var<double>&,
                                               const nn::RowGroups&) const;

void ClassView::add(Index exit, const nn::Var<float>& logits) {
  exit_ = exit;
  logits_ = Eigen::Map<const Eigen::VectorXf>(logits.data(), logits.cols());
  Index likeliest = 0;
  const double largest = static_cast<double>(logits_.maxCoeff(&likeliest));
  decisions_.push_back(likeliest);
  probabilities_.clear();
  double sum = 0;
  for (const float logit : logits_) {
    probabilities_.push_back(std::exp(static_cast<double>(logit) - largest));
    sum += probabilities_.back();
  }
  for (double& probability : probabilities_) probability /= sum;
}

void ClassView::describe(GateQuery& query) const {
  query.class_probabilities = probabilities_;
  query.class_decisions = decisions_;
}

}  // namespace semlink::adaptive
