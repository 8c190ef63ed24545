#include <semlink/codecs/adaptive/depth/aggregate.h>

#include <semlink/codecs/nn/decision_operations.h>

namespace semlink::adaptive {

namespace {

/// Early exits begin with a small share: they are worse.
constexpr double kStart = -2;

}  // namespace

template <typename T>
void Aggregate<T>::pass(DepthRun<T>& way, const Var<T>& pixels) {
  const SampleGate& gate = network_.depth_gates().aggregate[static_cast<std::size_t>(way.blocks())];
  const Tokens<T> tokens = way.output();
  gates_.push_back(nn::sigmoid(context_, gate(context_, tokens.x, condition_, tokens.layout.samples, kStart)));
  images_.push_back(pixels);
}

template <typename T>
Var<T> Aggregate<T>::finish(const Var<T>& pixels) {
  const Index squared = network_.config().patch * network_.config().patch;
  std::vector<Index> sample_of_pixel;
  for (std::size_t s = 0; s < grids_.size(); ++s)
    sample_of_pixel.insert(sample_of_pixel.end(), static_cast<std::size_t>(grids_[s].num_tokens() * squared),
                           static_cast<Index>(s));
  Var<T> mean = pixels;
  for (std::size_t i = images_.size(); i-- > 0;)
    mean = nn::branch(context_, nn::gather_rows(context_, gates_[i], sample_of_pixel), images_[i], mean);
  return mean;
}

template <typename T>
std::vector<double> Aggregate<T>::shares(Index sample) const {
  std::vector<double> shares;
  double left = 1;
  for (const Var<T>& gate : gates_) {
    shares.push_back(left * static_cast<double>(gate.data()[sample]));
    left -= shares.back();
  }
  shares.push_back(left);
  return shares;
}

template class Aggregate<float>;
template class Aggregate<double>;

}  // namespace semlink::adaptive
