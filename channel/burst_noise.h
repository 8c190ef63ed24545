#pragma once

#include <semlink/channel/awgn.h>
#include <semlink/channel/channel.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/core/registry.h>

namespace semlink {

/// Noise that comes in bursts: a two-state Markov chain whose bad state has `rise` times the noise power of the good
/// one. The label Es/N0 holds on average over both: with b = good_to_bad / (good_to_bad + bad_to_good) the share of bad
/// uses, the noise of a good use has variance N0 / (1 - b + b rise). The first state is drawn from the shares. Gilbert 1960, Elliott 1963.
class GilbertElliott final : public Channel {
 public:
  struct Options {
    double good_to_bad = 0.01;  ///< probability per channel use, in (0, 1]
    double bad_to_good = 0.1;   ///< the same; a burst lasts 1 / bad_to_good uses on average
    double rise = 100;          ///< linear, at least 1
  };
  /// Throws Error(bad_argument) for options out of range.
  /// `beneath` fades the wanted symbols and adds the noise: an AwgnChannel or a FlatFading.
  explicit GilbertElliott(const Options& options,
                          std::unique_ptr<const Channel> beneath = std::make_unique<AwgnChannel>());

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override {
    return beneath_->earlier_gain(rng, correlation);
  }
  double bad_share() const { return options_.good_to_bad / (options_.good_to_bad + options_.bad_to_good); }

 private:
  Options options_;
  std::unique_ptr<const Channel> beneath_;
};

/// Memoryless impulsive noise. Bernoulli-Gauss: a use is hit with probability p and then has `rise` times the
/// noise power. Middleton class A: m impulses hit a use, m Poisson with mean A (the impulsive index), and the noise
/// variance is N0 (m / A + Gamma) / (1 + Gamma), Gamma being the Gaussian over the impulsive power. The label Es/N0
/// holds on average in both. Ghosh 1996; Middleton 1977; Spaulding and Middleton 1977.
class ImpulsiveNoise final : public Channel {
 public:
  enum class Law { bernoulli_gauss, middleton_a };
  struct Options {
    Law law = Law::bernoulli_gauss;
    double probability = 0.01;     ///< p, in [0, 1]
    double rise = 100;             ///< linear, at least 1
    double impulsive_index = 0.1;  ///< A, in (0, 100]
    double gaussian_ratio = 0.01;  ///< Gamma, above 0
  };
  /// Throws Error(bad_argument) for options out of range.
  /// `beneath` fades the wanted symbols and adds the noise: an AwgnChannel or a FlatFading.
  explicit ImpulsiveNoise(const Options& options,
                          std::unique_ptr<const Channel> beneath = std::make_unique<AwgnChannel>());

  ChannelState realize(Index num_uses, const ChannelPoint& point, const TrialRng& rng) const override;
  Symbols earlier_gain(const TrialRng& rng, double correlation) const override {
    return beneath_->earlier_gain(rng, correlation);
  }

 private:
  float draw_rise(Stream& stream) const;

  Options options_;
  std::unique_ptr<const Channel> beneath_;
};

/// `channel.model = gilbert_elliott`.
class GilbertElliottPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  double good_to_bad_ = 0.01;
  double bad_to_good_ = 0.1;
  double rise_db_ = 20;
  BeneathSettings beneath_;
};

/// `channel.model = bernoulli_gauss`.
class BernoulliGaussPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  double probability_ = 0.01;
  double rise_db_ = 20;
  BeneathSettings beneath_;
};

/// `channel.model = middleton_a`.
class MiddletonPlugin final : public Plugin<Channel> {
 public:
  void declare(Keys& keys) override;
  std::unique_ptr<const Channel> make() const override;

 private:
  double impulsive_index_ = 0.1;
  double gaussian_ratio_db_ = -20;
  BeneathSettings beneath_;
};

}  // namespace semlink
