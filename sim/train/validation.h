#pragma once

#include <string>
#include <vector>

#include <semlink/train/plan.h>

namespace semlink::train {

/// Under what a training looks at its network; over AWGN, the transmitter told the SNR.
struct ValidationCondition {
  const char* name;
  Index width;  ///< complex symbols per token
  double snr_db;
  Index tokens_kept = 0;  ///< drawn at random, so that positions need not be sent; 0: all
};

/// Images are judged at the rates of the published tables, a pure classifier also at much lower ones.
std::vector<ValidationCondition> validation_conditions(const adaptive::NetworkConfig& config);

/// Names of the conditions, such as `width 4 at 7 dB`.
std::vector<std::string> validation_names(const adaptive::NetworkConfig& config);

/// Address of a validation image: far from those of the training.
TrialRng validation_address(std::uint64_t seed, std::int64_t image);

/// The images [first, last) of a validation under a condition.
ChunkPlan validation_chunk(const adaptive::NetworkConfig& config, const ValidationCondition& condition,
                           const Source& source, std::uint64_t seed, std::int64_t first, std::int64_t last);

}  // namespace semlink::train
