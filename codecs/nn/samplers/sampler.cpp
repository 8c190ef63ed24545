#include <semlink/codecs/nn/samplers/sampler.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <semlink/core/error.h>

namespace semlink::nn {

namespace {

#define SEMLINK_DRAW(name) draw_##name<float>, draw_##name<double>

constexpr std::array kSamplers = {
    Sampler{"straight_through", "open where the logit is positive, gradient of the sigmoid", Choice::each,
            SEMLINK_DRAW(straight_through)},
    Sampler{"binary_concrete", "open by a noisy sigmoid", Choice::each, SEMLINK_DRAW(binary_concrete)},
    Sampler{"gumbel_binary", "open or closed at random, gradient of the noisy sigmoid", Choice::each,
            SEMLINK_DRAW(gumbel_binary)},
    Sampler{"hard_concrete", "a noisy sigmoid, stretched and cut at 0 and 1", Choice::each,
            SEMLINK_DRAW(hard_concrete)},
    Sampler{"reinforce", "open or closed at random, rewarded by the loss", Choice::each, SEMLINK_DRAW(reinforce)},
    Sampler{"gumbel_softmax", "shares of a noisy softmax", Choice::one, SEMLINK_DRAW(gumbel_softmax)},
    Sampler{"gumbel_one_hot", "one at random, gradient of the noisy softmax", Choice::one,
            SEMLINK_DRAW(gumbel_one_hot)},
    Sampler{"top_k", "the largest", Choice::some, SEMLINK_DRAW(top_k)},
    Sampler{"relaxed_top_k", "shares of successive noisy softmaxes", Choice::some, SEMLINK_DRAW(relaxed_top_k)},
    Sampler{"gumbel_top_k", "the largest after noise, gradient of the successive softmaxes", Choice::some,
            SEMLINK_DRAW(gumbel_top_k)},
    Sampler{"perturbed_top_k", "mean of the largest over many noises", Choice::some, SEMLINK_DRAW(perturbed_top_k)},
};

#undef SEMLINK_DRAW

}  // namespace

std::span<const Sampler> samplers() { return kSamplers; }

const Sampler& find_sampler(std::string_view name) {
  for (const Sampler& sampler : kSamplers)
    if (sampler.name == name) return sampler;
  throw Error(ErrorCode::bad_argument, "sampler " + std::string(name) + ": there is none of this name");
}

double temperature_at(double start, double end, double progress) {
  constexpr double kFloor = 0.1;
  return std::max(kFloor, start * std::pow(end / start, std::clamp(progress, 0.0, 1.0)));
}

}  // namespace semlink::nn
