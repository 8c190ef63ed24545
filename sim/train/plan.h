#pragma once

#include <cstdint>
#include <vector>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/data/source.h>
#include <semlink/train/settings.h>

namespace semlink::train {

enum class ChannelKind { awgn, block_rayleigh, symbol_rayleigh };
enum class Selection { scored, random, merged };

/// What one image goes through in one step. A function of (seed, step, index), so that a resumed training repeats it.
struct ImagePlan {
  TrialRng address;  ///< of all random numbers of this image
  Image image;
  int label = -1;  ///< class; -1 for images that teach no class
  double snr_db = 0;
  ChannelKind channel = ChannelKind::awgn;
  SnrReport report;            ///< what the transmitter is told; now and then stale, wrong or nothing
  double report_error_db = 0;  ///< error of the receiver's own estimate
  Index width = 0;
  Index tokens_kept = 0;
  Selection selection = Selection::random;
};

/// What the images of one chunk share, because they run stacked.
struct ChunkPlan {
  std::vector<ImagePlan> images;
  Index encoder_exit = 0;  ///< blocks run
  Index decoder_exit = 0;  ///< the earlier exit whose loss is added
};

/// The images of a training: `stored` (a split of a data set) and the built-in generator, mixed.
struct TrainSources {
  const Source* stored = nullptr;
  const Source* builtin = nullptr;
  const Source* large = nullptr;  ///< images of several windows, all of one size; null for none
};

/// What a chunk of an adaptive transceiver's batch goes through.
ChunkPlan draw_chunk(const TrainSettings& settings, const adaptive::NetworkConfig& config, const TrainSources& sources,
                     std::uint64_t seed, std::int64_t step, std::int64_t chunk);

/// The images of a chunk, varied, each with its SNR; of the rest of a plan nothing is set. For networks that send every
/// image alike.
std::vector<ImagePlan> draw_sent_images(const TrainSettings& settings, const TrainSources& sources, std::uint64_t seed,
                                        std::int64_t step, std::int64_t chunk);

}  // namespace semlink::train
