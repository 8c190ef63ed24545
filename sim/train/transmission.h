#pragma once

#include <vector>

#include <semlink/channel/channel.h>
#include <semlink/channel/front_end.h>
#include <semlink/codecs/adaptive/network.h>
#include <semlink/train/plan.h>

namespace semlink::train {

/// The channels of a training, and the genie that equalises them.
struct TrainChannels {
  std::unique_ptr<const Channel> awgn;
  std::unique_ptr<const Channel> block_rayleigh;
  std::unique_ptr<const Channel> symbol_rayleigh;
  std::unique_ptr<const FrontEnd> front_end;
  const Channel& of(ChannelKind kind) const;
};
TrainChannels make_train_channels();

/// What the decoder gets: `received` [rows, 3 max_width] as `adaptive::describe_token` lays it out, and per image the
/// SNR its front end reports.
struct Transmission {
  nn::Var<float> received;
  std::vector<double> snr_db;
};

/// Sends stacked payloads through their channels. `symbols` [rows, 2 max_width], `samples` says which rows are whose,
/// every row of image i carries plan.images[i].width symbols. Gradients flow back through front end and channel by
/// their adjoints.
Transmission transmit(nn::Context<float>& context, const nn::Var<float>& symbols, const nn::RowGroups& samples,
                      const ChunkPlan& plan, const TrainChannels& channels, Index max_width);

/// Sends stacked payloads over a channel without fading, image i at images[i].snr_db: x [rows, 2 n] with n symbols a
/// row
/// -> what arrives, in the same shape. Gradients flow back by the channel's adjoint.
nn::Var<float> transmit_plain(nn::Context<float>& context, const nn::Var<float>& x, const nn::RowGroups& samples,
                              const std::vector<ImagePlan>& images, const Channel& channel);

}  // namespace semlink::train
