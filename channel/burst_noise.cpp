#include <semlink/channel/burst_noise.h>

#include <cmath>

#include <semlink/channel/purposes.h>
#include <semlink/channel/two_state_chain.h>

namespace semlink {
namespace {

void require(bool within, const char* name, double value, const char* expected) {
  if (!within)
    throw Error(ErrorCode::bad_argument, std::string(name) + " = " + std::to_string(value) + ": expected " + expected);
}

/// Poisson variate by inversion.
int poisson(double mean, double uniform) {
  double term = std::exp(-mean);
  double sum = term;
  int count = 0;
  while (uniform >= sum && term > 0) {
    term *= mean / ++count;
    sum += term;
  }
  return count;
}

double from_db(double db) { return std::pow(10.0, db / 10); }

}  // namespace

GilbertElliott::GilbertElliott(const Options& options, std::unique_ptr<const Channel> beneath)
    : options_(options), beneath_(std::move(beneath)) {
  require(options.good_to_bad > 0 && options.good_to_bad <= 1, "good_to_bad", options.good_to_bad, "(0, 1]");
  require(options.bad_to_good > 0 && options.bad_to_good <= 1, "bad_to_good", options.bad_to_good, "(0, 1]");
  require(options.rise >= 1 && std::isfinite(options.rise), "rise", options.rise, "a finite number from 1 up");
}

ChannelState GilbertElliott::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = beneath_->realize(num_uses, point, rng);
  const double good = 1 / (1 - bad_share() + bad_share() * options_.rise);
  TwoStateChain chain(options_.good_to_bad, options_.bad_to_good, rng.stream(kBurstPurpose));
  state.noise_rise.resize(num_uses);
  for (float& rise : state.noise_rise) rise = static_cast<float>(chain.next() ? good * options_.rise : good);
  return state;
}

ImpulsiveNoise::ImpulsiveNoise(const Options& options, std::unique_ptr<const Channel> beneath)
    : options_(options), beneath_(std::move(beneath)) {
  require(options.probability >= 0 && options.probability <= 1, "probability", options.probability, "[0, 1]");
  require(options.rise >= 1 && std::isfinite(options.rise), "rise", options.rise, "a finite number from 1 up");
  require(options.impulsive_index > 0 && options.impulsive_index <= 100, "impulsive_index", options.impulsive_index,
          "(0, 100]");
  require(options.gaussian_ratio > 0 && std::isfinite(options.gaussian_ratio), "gaussian_ratio", options.gaussian_ratio,
          "a finite number above 0");
}

float ImpulsiveNoise::draw_rise(Stream& stream) const {
  const double uniform = stream.uniform();
  if (options_.law == Law::bernoulli_gauss) {
    const double quiet = 1 / (1 + options_.probability * (options_.rise - 1));
    return static_cast<float>(uniform < options_.probability ? quiet * options_.rise : quiet);
  }
  const double hits = poisson(options_.impulsive_index, uniform);
  return static_cast<float>((hits / options_.impulsive_index + options_.gaussian_ratio) /
                            (1 + options_.gaussian_ratio));
}

ChannelState ImpulsiveNoise::realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const {
  ChannelState state = beneath_->realize(num_uses, point, rng);
  Stream stream = rng.stream(kBurstPurpose);
  state.noise_rise.resize(num_uses);
  for (float& rise : state.noise_rise) rise = draw_rise(stream);
  return state;
}

void GilbertElliottPlugin::declare(Keys& keys) {
  keys.number("channel.good_to_bad", good_to_bad_)
      .range(1e-9, 1)
      .help("probability, per channel use, that a burst of noise begins");
  keys.number("channel.bad_to_good", bad_to_good_)
      .range(1e-9, 1)
      .help("probability, per channel use, that it ends: a burst lasts 1 / bad_to_good uses on average");
  keys.number("channel.rise_db", rise_db_)
      .unit("dB")
      .range(0, 80)
      .help("noise power within a burst or impulse over that outside; the average over both is the label");
  beneath_.declare(keys);
}

std::unique_ptr<const Channel> GilbertElliottPlugin::make() const {
  return std::make_unique<GilbertElliott>(GilbertElliott::Options{good_to_bad_, bad_to_good_, from_db(rise_db_)},
                                          beneath_.make());
}

void BernoulliGaussPlugin::declare(Keys& keys) {
  keys.number("channel.impulse_probability", probability_)
      .range(0, 1)
      .help("share of the channel uses that an impulse hits");
  keys.number("channel.rise_db", rise_db_)
      .unit("dB")
      .range(0, 80)
      .help("noise power within a burst or impulse over that outside; the average over both is the label");
  beneath_.declare(keys);
}

std::unique_ptr<const Channel> BernoulliGaussPlugin::make() const {
  return std::make_unique<ImpulsiveNoise>(
      ImpulsiveNoise::Options{.probability = probability_, .rise = from_db(rise_db_)}, beneath_.make());
}

void MiddletonPlugin::declare(Keys& keys) {
  keys.number("channel.impulsive_index", impulsive_index_)
      .range(1e-4, 100)
      .help("A of Middleton's class A: impulses per channel use; small is spiky, large is nearly Gaussian");
  keys.number("channel.gaussian_ratio_db", gaussian_ratio_db_)
      .unit("dB")
      .range(-80, 80)
      .help("Gamma of Middleton's class A: power of the Gaussian over that of the impulsive noise");
  beneath_.declare(keys);
}

std::unique_ptr<const Channel> MiddletonPlugin::make() const {
  return std::make_unique<ImpulsiveNoise>(ImpulsiveNoise::Options{.law = ImpulsiveNoise::Law::middleton_a,
                                                                  .impulsive_index = impulsive_index_,
                                                                  .gaussian_ratio = from_db(gaussian_ratio_db_)},
                                          beneath_.make());
}

}  // namespace semlink
