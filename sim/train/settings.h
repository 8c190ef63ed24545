#pragma once

#include <cstdint>
#include <string>

#include <semlink/core/keys.h>

namespace semlink::train {

/// How a network is trained. The scenario that made a weights file is stored in it.
struct TrainSettings {
  std::int64_t num_images = 1000000;  ///< images seen in all
  std::int64_t batch = 64;
  std::int64_t chunk = 4;  ///< images whose rows are stacked; the unit of work of a thread
  std::string optimizer = "muon";
  double rate = 2e-3;       ///< peak step size of AdamW
  double muon_rate = 0.01;  ///< peak step size of Muon for hidden matrices
  double beta1 = 0.9;
  double beta2 = 0.95;
  double weight_decay = 0.01;
  double warmup = 0.02;  ///< share of the steps with a rising rate
  double clip = 1;       ///< largest norm of the gradient
  double ema = 0.999;    ///< decay of the averaged weights
  double snr_low_db = -7;
  double snr_high_db = 22;
  double loss_balance = 0.5;            ///< exponent: 0 weighs squared errors alike, 1 weighs decibels alike
  double exit_weight = 0.4;             ///< loss of a random earlier exit, relative to the last one's
  double exit_weight_high_snr = 0.8;    ///< the same from 9 dB up, where the receiver is meant to stop early
  double middle_exit_share = 0;         ///< chunks whose earlier exit is the middle one; the others draw among all
  double distill = 0.0;                 ///< share of the deepest exit's image in the target of earlier ones
  double usual_width_share = 0.7;       ///< images with 4 or 8 symbols per token; the others draw evenly
  double drop_share = 0.35;             ///< images with dropped tokens
  double least_kept = 0.15;             ///< least share of tokens that is kept in those
  std::string kept_shares = "even";     ///< how the shares are spread
  double merge_share = 0;               ///< of the images with dropped tokens: those whose tokens are merged instead
  std::int64_t max_shift = 0;           ///< pixels by which an image is moved at most, each way
  std::int64_t erased_side = 0;         ///< pixels a side of the square that is cut out of an image; 0: none is
  double early_encoder_share = 0.25;    ///< chunks whose encoder ends early
  double fading_share = 0.15;           ///< images over block Rayleigh fading
  double fast_fading_share = 0.1;       ///< images over per-symbol Rayleigh fading
  double builtin_share = 0.12;          ///< images from the built-in generator
  double large_share = 0.05;            ///< chunks of built-in images that span several windows
  double class_weight = 1;              ///< of the classes' cross-entropy, a nat counting as 0.004 of squared error
  double label_smoothing = 0;           ///< probability spread evenly over all classes in what the class heads learn
  double local_class_weight = 0.3;      ///< of the encoder's class heads, over that of the last exit
  std::int64_t add_encoder_blocks = 0;  ///< identity blocks behind those of the starting weights
  std::int64_t add_decoder_blocks = 0;
  bool add_depth = false;               ///< gives the starting weights a mechanism of depth
  std::string router_balance = "loss";  ///< what keeps the experts' loads apart from one
  double balance_weight = 0.01;         ///< of the balance loss, in units of the image's mean loss
  double router_z_weight = 0.001;
  double router_noise = 0;       ///< standard deviation of what is added to the logits
  std::string sampler = "auto";  ///< of decisions about depth
  double sampler_temperature = 1;
  double sampler_temperature_end = 0.5;
  std::string budget_rule = "hinge";  ///< what holds the use of decoder blocks at `gate_budget`
  double gate_budget = 0.5;           ///< share of the decoder's blocks, over tokens
  double budget_weight = 2;           ///< in losses of a typical image
  double budget_rate = 1e-3;          ///< of dual ascent
  double budget_start = 0.3;          ///< share of the training without a budget
  double entropy_weight = 0.01;       ///< of draws without a gradient
  double halting_prior = 0.2;         ///< of pondering: probability of stopping at an exit
  double halting_depth = 0;           ///< of halting: centre of the prior, in blocks; 0: there is none
  double halting_weight = 0.01;
  std::string exit_gradient = "full";  ///< of the earlier exit's loss in the blocks
  std::string phase = "backbone";
  std::string precision = "auto";     ///< auto: bf16 where the processor multiplies it, which is faster there only
  std::int64_t weight_bits = 24;      ///< significant bits of the final weights
  std::int64_t validate_every = 200;  ///< steps
  std::int64_t validation_images = 256;
  std::int64_t checkpoint_every = 200;  ///< steps

  bool deepens() const { return add_encoder_blocks > 0 || add_decoder_blocks > 0; }

  /// Declares the keys `train.*`.
  void declare(Keys& keys);
  void declare_depth(Keys& keys);
  std::int64_t num_steps() const { return (num_images + batch - 1) / batch; }
};

}  // namespace semlink::train
