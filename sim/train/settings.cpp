#include <semlink/train/settings.h>

namespace semlink::train {

void TrainSettings::declare(Keys& keys) {
  keys.integer("train.num_images", num_images).range(1, 1e10).unit("1").help("Images seen in the whole training.");
  keys.integer("train.batch", batch).range(1, 65536).unit("1").help("Images per step.");
  keys.integer("train.chunk", chunk)
      .range(1, 1024)
      .unit("1")
      .help("Images whose rows are stacked in one pass; a batch is cut into chunks, whatever the number of threads.");
  keys.choice("train.optimizer", optimizer, {"adamw", "muon"})
      .help("adamw for all parameters, or muon for the inner matrices of the blocks and adamw for the rest.");
  keys.number("train.rate", rate).above(0).unit("1").help("Peak step size of AdamW.");
  keys.number("train.muon_rate", muon_rate).above(0).unit("1").help("Peak step size of Muon.");
  keys.number("train.beta1", beta1)
      .range(0, 0.9999)
      .unit("1")
      .help("Decay of the first moment; Muon's momentum is 0.95.");
  keys.number("train.beta2", beta2).range(0, 0.99999).unit("1").help("Decay of AdamW's second moment.");
  keys.number("train.weight_decay", weight_decay).range(0, 10).unit("1").help("Decoupled weight decay of AdamW.");
  keys.number("train.warmup", warmup).range(0, 1).unit("1").help("Share of the steps in which the step size rises.");
  keys.number("train.clip", clip).above(0).unit("1").help("Largest norm of a gradient; longer ones are shortened.");
  keys.number("train.ema", ema)
      .range(0, 0.999999)
      .unit("1")
      .help("Decay per step of the averaged weights, which are shipped.");
  keys.number("train.snr_low_db", snr_low_db).range(-30, 60).unit("dB").help("Lowest Es/N0 that is drawn.");
  keys.number("train.snr_high_db", snr_high_db).range(-30, 60).unit("dB").help("Highest Es/N0 that is drawn.");
  keys.number("train.loss_balance", loss_balance)
      .range(0, 1)
      .unit("1")
      .help("0 weighs the squared errors of all channels alike, 1 weighs their decibels alike.");
  keys.number("train.exit_weight", exit_weight)
      .range(0, 10)
      .unit("1")
      .help("Loss of an earlier exit over the last one's.");
  keys.number("train.exit_weight_high_snr", exit_weight_high_snr)
      .range(0, 10)
      .unit("1")
      .help("The same from 9 dB up, where a receiver is meant to stop early; between 5 and 9 dB it changes linearly.");
  keys.number("train.middle_exit_share", middle_exit_share)
      .range(0, 1)
      .unit("1")
      .help("Share of chunks whose earlier exit is the one half way through the decoder; the others draw among all.");
  keys.number("train.distill", distill)
      .range(0, 1)
      .unit("1")
      .help("Share of the deepest exit's image in the target of earlier exits (self-distillation).");
  keys.number("train.usual_width_share", usual_width_share)
      .range(0, 1)
      .unit("1")
      .help(
          "Share of images with 4 or 8 symbols per token (k/n of 1/12 and 1/6 with all tokens kept), 9 to 5; the "
          "others "
          "draw evenly from 1 to the widest, as all do for a pure classifier.");
  keys.number("train.drop_share", drop_share)
      .range(0, 1)
      .unit("1")
      .help("Share of images of which tokens are dropped.");
  keys.number("train.least_kept", least_kept)
      .range(0, 1)
      .unit("1")
      .help("Least share of the tokens that is kept where some are dropped.");
  keys.choice("train.kept_shares", kept_shares, {"even", "logarithmic"})
      .help("How shares are drawn from train.least_kept (at least 0.001) to 1: evenly, or evenly in their logarithm.");
  keys.number("train.merge_share", merge_share)
      .range(0, 1)
      .unit("1")
      .help(
          "Of the images of which tokens are dropped, the share whose tokens are merged instead, as codec.selection = "
          "merge does; needs network.select_after of at least 1.");
  keys.integer("train.max_shift", max_shift)
      .range(0, 64)
      .unit("pixels")
      .help("Images are moved by up to so many pixels each way, mirrored at the border; 0 leaves them in place.");
  keys.integer("train.erased_side", erased_side)
      .range(0, 64)
      .unit("pixels")
      .help(
          "A square of so many pixels a side, centred anywhere in the image, becomes grey (Cutout, DeVries and Taylor "
          "2017); 0 erases nothing.");
  keys.number("train.class_weight", class_weight)
      .range(0, 1000)
      .unit("1")
      .help("Weight of the classes' cross-entropy; at 1 a nat counts as a squared error of 0.004 (24 dB).");
  keys.number("train.label_smoothing", label_smoothing)
      .range(0, 0.5)
      .unit("1")
      .help("Probability that the class heads are taught to spread evenly over all classes (Szegedy et al. 2016).");
  keys.number("train.local_class_weight", local_class_weight)
      .range(0, 100)
      .unit("1")
      .help("The same for the classes that the encoder's exits tell, over those of the last exit.");
  keys.number("train.early_encoder_share", early_encoder_share)
      .range(0, 1)
      .unit("1")
      .help("Share of chunks whose encoder stops at an earlier exit.");
  keys.number("train.fading_share", fading_share)
      .range(0, 1)
      .unit("1")
      .help("Share of images over block Rayleigh fading.");
  keys.number("train.fast_fading_share", fast_fading_share)
      .range(0, 1)
      .unit("1")
      .help("Share of images over Rayleigh fading per symbol.");
  keys.number("train.builtin_share", builtin_share)
      .range(0, 1)
      .unit("1")
      .help("Share of images from the built-in generator instead of source.kind.");
  keys.number("train.large_share", large_share)
      .range(0, 1)
      .unit("1")
      .help("Share of chunks with built-in images of 64x64 pixels, whose attention windows have neighbours.");
  keys.integer("train.add_encoder_blocks", add_encoder_blocks)
      .range(0, 3)
      .unit("1")
      .help("Blocks added behind the encoder of codec.weights before the training; they start by changing nothing.");
  keys.integer("train.add_decoder_blocks", add_decoder_blocks)
      .range(0, 32)
      .unit("1")
      .help("Blocks added behind the decoder of codec.weights in the same way.");
  keys.flag("train.add_depth", add_depth)
      .help(
          "Give the network of codec.weights the mechanism of network.depth, network.mod_share and network.aggregate "
          "of "
          "this scenario; its gates start untrained.");
  keys.choice("train.router_balance", router_balance, {"loss", "bias", "none"})
      .help(
          "What evens the load of experts: the loss of Switch Transformer, a bias on the choice that follows the load, "
          "or nothing.");
  keys.number("train.balance_weight", balance_weight).range(0, 100).unit("1").help("Weight of the balance loss.");
  keys.number("train.router_z_weight", router_z_weight)
      .range(0, 100)
      .unit("1")
      .help("Weight of the squared logarithm of the router's partition sum, which keeps logits small.");
  keys.number("train.router_noise", router_noise)
      .range(0, 100)
      .unit("1")
      .help("Standard deviation of the noise on the router's logits when it chooses.");
  declare_depth(keys);
  keys.choice("train.phase", phase, {"backbone", "gates", "rate_gate"})
      .help(
          "backbone trains everything but the gates, gates only them, rate_gate only the one of network.rate_gate, "
          "which "
          "codec.weights get if they have none. All start from codec.weights; backbone also from nothing.");
  keys.choice("train.precision", precision, {"auto", "f32", "bf16"})
      .help(
          "Factors of the matrix products; sums are float. auto is bf16 on processors that multiply it, else f32, "
          "which is faster there.");
  keys.integer("train.weight_bits", weight_bits)
      .range(4, 24)
      .unit("bit")
      .help(
          "Significant bits that the weights of the finished training are rounded to; 24 are those of a float. With 8, "
          "those of bf16, the file is about a third as long.");
  keys.integer("train.validate_every", validate_every)
      .range(1, 1e9)
      .unit("1")
      .help("Steps between validations.")
      .not_identity();
  keys.integer("train.validation_images", validation_images)
      .range(1, 1e6)
      .unit("1")
      .help("Images of the validation split per validation.")
      .not_identity();
  keys.integer("train.checkpoint_every", checkpoint_every)
      .range(1, 1e9)
      .unit("1")
      .help("Steps between checkpoints.")
      .not_identity();
}

}  // namespace semlink::train
