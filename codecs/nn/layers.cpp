#include <semlink/codecs/nn/layers.h>

namespace semlink::nn {

Linear::Linear(ParameterLayout& layout, const std::string& name, Index in, Index out, Init init, bool hidden)
    : weight(layout.add(name + ".weight", in, out, init, hidden)),
      bias(layout.add(name + ".bias", 1, out, Init::zeros)) {}

Mlp::Mlp(ParameterLayout& layout, const std::string& name, Index in, Index hidden_dim, Index out, Init last,
         bool hidden)
    : up(layout, name + ".up", in, hidden_dim, Init::scaled_normal, hidden),
      down(layout, name + ".down", hidden_dim, out, last, hidden) {}

}  // namespace semlink::nn
