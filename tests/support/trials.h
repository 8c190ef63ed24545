#pragma once

#include <cmath>
#include <semlink/core/rng.h>
#include <semlink/link/trial_result.h>

namespace semlink {

/// A trial as a healthy link would return it: 100 payload uses, 20 of header, 4 of positions, 6 pilots, block Rayleigh fade,
/// PSNR about 30 dB, one header in ten fails. A function of the address alone.
inline TrialResult example_trial(double snr_db, std::uint64_t trial, std::uint64_t seed = 1) {
  Stream stream(seed, Purpose::user, trial);
  TrialResult result;
  result.sample_id = static_cast<std::int64_t>(trial);
  result.power.payload_uses = 100;
  result.power.header_uses = 20;
  result.power.position_uses = 4;
  result.power.pilot_uses = 6;
  const double uses = static_cast<double>(result.power.total_uses());
  result.power.payload_energy = 100;
  result.power.header_energy = 24;
  result.power.pilot_energy = 6;
  const double re = stream.normal(), im = stream.normal();
  result.power.gain_energy = uses * (re * re + im * im) / 2;
  for (int i = 0; i < 2 * 130; ++i) {
    const double part = stream.normal();
    result.power.noise_energy += part * part / 2 * std::pow(10, -snr_db / 10);
  }
  result.bandwidth_ratio = 104.0 / 3072;
  result.bandwidth_ratio_total = 130.0 / 3072;
  result.tokens_kept = static_cast<Index>(40 + stream.below(8));
  result.num_tokens = 64;
  result.encoder_depth = 4;
  result.decoder_depth = 1 + static_cast<double>(stream.below(6));
  result.encoder_macs = 1'000'000;
  result.decoder_macs = static_cast<std::int64_t>(result.decoder_depth) * 500'000;
  result.header_failed = stream.below(10) == 0;
  result.snr_estimated_db = snr_db + 0.1 * stream.normal();
  result.psnr_db = 30 + stream.normal();
  result.mse = 255 * 255 * std::pow(10, -result.psnr_db / 10);
  result.ssim = 0.9;
  result.ms_ssim = result.correct = result.cross_entropy = std::nan("");
  return result;
}

}  // namespace semlink
