#include <semlink/codecs/adaptive/depth/mechanisms.h>

namespace semlink::adaptive {

namespace {

template <typename T>
class Exits final : public DepthRun<T> {
 public:
  using DepthRun<T>::DepthRun;

 private:
  void run_block(Index block) override {
    const DepthStart<T>& start = this->start_;
    start.network.decoder_block(start.context, block, this->tokens_, start.condition,
                                window_shift(start.grids.front(), block));
    for (Index s = 0; s < this->tokens_.layout.samples.size(); ++s)
      this->note(s, this->tokens_.layout.samples.count(s));
  }
};

}  // namespace

void add_no_gates(nn::ParameterLayout&, const NetworkConfig&, DepthGates&) {}

template <typename T>
StartedDepth<T> start_exits(const DepthStart<T>& start, Tokens<T> tokens) {
  return std::make_unique<Exits<T>>(start, std::move(tokens));
}

template StartedDepth<float> start_exits(const DepthStart<float>&, Tokens<float>);
template StartedDepth<double> start_exits(const DepthStart<double>&, Tokens<double>);

}  // namespace semlink::adaptive
