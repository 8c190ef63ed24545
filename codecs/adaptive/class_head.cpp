#include <semlink/codecs/adaptive/class_head.h>

#include <semlink/codecs/nn/softmax.h>

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
  logits_.maxCoeff(&likeliest);
  decisions_.push_back(likeliest);
  probabilities_.assign(logits_.begin(), logits_.end());
  nn::softmax(probabilities_.data(), logits_.size(), probabilities_.data());
}

void ClassView::describe(GateQuery& query) const {
  query.class_probabilities = probabilities_;
  query.class_decisions = decisions_;
}

}  // namespace semlink::adaptive
