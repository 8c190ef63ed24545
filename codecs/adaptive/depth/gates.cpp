#include <semlink/codecs/adaptive/depth/gates.h>

namespace semlink::adaptive {

namespace {

/// Lets a logit cross from far open to closed within the steps that the rest of the network needs.
constexpr double kSampleGain = 10;
constexpr double kTokenGain = 3;

}  // namespace

SampleGate::SampleGate(nn::ParameterLayout& layout, const std::string& name, Index dim, Index condition_dim,
                       Index num_logits)
    : film(layout, name + ".film", condition_dim, 2 * dim, nn::Init::zeros),
      mlp(layout, name, dim, condition_dim, num_logits, nn::Init::zeros) {}

template <typename T>
nn::Var<T> SampleGate::operator()(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& condition,
                                  const nn::RowGroups& samples, double start) const {
  const nn::Var<T> normal = nn::modulated_norm(context, x, film(context, condition), 0, x.cols(), samples);
  const nn::Var<T> out = mlp(context, nn::group_mean(context, normal, samples));
  return nn::shifted(context, nn::scaled(context, out, static_cast<T>(kSampleGain)), static_cast<T>(start));
}

TokenGate::TokenGate(nn::ParameterLayout& layout, const std::string& name, Index dim, Index condition_dim)
    : film(layout, name + ".film", condition_dim, 2 * dim, nn::Init::zeros),
      out(layout, name, dim, 1, nn::Init::small_normal) {}

template <typename T>
nn::Var<T> TokenGate::operator()(nn::Context<T>& context, const nn::Var<T>& x, const nn::Var<T>& condition,
                                 const nn::RowGroups& samples, double start) const {
  const nn::Var<T> normal = nn::modulated_norm(context, x, film(context, condition), 0, x.cols(), samples);
  return nn::shifted(context, nn::scaled(context, out(context, normal), static_cast<T>(kTokenGain)),
                     static_cast<T>(start));
}

#define SEMLINK_INSTANTIATE(T)                                                                      \
  template nn::Var<T> SampleGate::operator()(nn::Context<T>&, const nn::Var<T>&, const nn::Var<T>&, \
                                             const nn::RowGroups&, double) const;                   \
  template nn::Var<T> TokenGate::operator()(nn::Context<T>&, const nn::Var<T>&, const nn::Var<T>&,  \
                                            const nn::RowGroups&, double) const;

SEMLINK_INSTANTIATE(float)
SEMLINK_INSTANTIATE(double)
#undef SEMLINK_INSTANTIATE

}  // namespace semlink::adaptive
