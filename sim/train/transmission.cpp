#include <semlink/train/transmission.h>

#include <memory>

#include <semlink/channel/awgn.h>
#include <semlink/channel/flat_fading.h>
#include <semlink/channel/front_ends.h>
#include <semlink/codecs/adaptive/reception.h>

namespace semlink::train {

namespace {

/// What the way back needs of one image.
struct Hop {
  Symbols x;
  Symbols y;
  ChannelState state;
  Eigen::VectorXf noise_var;
};

Symbols gather_symbols(const float* reals, Index rows, Index stride, Index width) {
  Symbols x(rows * width, 1);
  for (Index r = 0; r < rows; ++r)
    for (Index i = 0; i < width; ++i) x(r * width + i, 0) = {reals[r * stride + 2 * i], reals[r * stride + 2 * i + 1]};
  return x;
}

}  // namespace

const Channel& TrainChannels::of(ChannelKind kind) const {
  switch (kind) {
    case ChannelKind::block_rayleigh:
      return *block_rayleigh;
    case ChannelKind::symbol_rayleigh:
      return *symbol_rayleigh;
    case ChannelKind::awgn:
      break;
  }
  return *awgn;
}

TrainChannels make_train_channels() {
  return {std::make_unique<AwgnChannel>(), std::make_unique<FlatFading>(Fading::block, 0.0),
          std::make_unique<FlatFading>(Fading::symbol, 0.0), std::make_unique<GenieFrontEnd>(Equalizer::zero_forcing)};
}

Transmission transmit(nn::Context<float>& context, const nn::Var<float>& symbols, const nn::RowGroups& samples,
                      const ChunkPlan& plan, const TrainChannels& channels, Index max_width) {
  Transmission result;
  const Index stride = symbols.cols(), out_stride = 3 * max_width;
  result.received = context.tape.result(symbols.rows(), out_stride, {&symbols});
  const auto hops = std::make_shared<std::vector<Hop>>();
  for (Index s = 0; s < samples.size(); ++s) {
    const ImagePlan& image = plan.images[static_cast<std::size_t>(s)];
    const Index first = samples.first(s), rows = samples.count(s), width = image.width;
    Hop hop;
    hop.x = gather_symbols(symbols.data() + first * stride, rows, stride, width);
    const Channel& channel = channels.of(image.channel);
    hop.state = channel.realize(rows * width, {image.snr_db}, image.address);
    hop.y = channel.apply(hop.x, hop.state);
    Equalized equalized = channels.front_end->equalize(hop.y, hop.state);
    for (Index r = 0; r < rows; ++r) {
      const auto count = static_cast<std::size_t>(width);
      adaptive::describe_token({equalized.x_hat.data() + r * width, count},
                               {equalized.noise_var.data() + r * width, count}, max_width,
                               result.received.data() + (first + r) * out_stride);
    }
    result.snr_db.push_back(equalized.quality.snr_db + image.report_error_db);
    hop.noise_var = std::move(equalized.noise_var);
    hops->push_back(std::move(hop));
  }

  const nn::Var<float> received = result.received;
  context.tape.on_backward(received, [symbols, received, samples, hops, stride, out_stride, &plan, &channels] {
    const float* g = received.grad().data();
    float* g_symbols = symbols.grad().data();
    for (Index s = 0; s < samples.size(); ++s) {
      const Hop& hop = (*hops)[static_cast<std::size_t>(s)];
      const ImagePlan& image = plan.images[static_cast<std::size_t>(s)];
      const Index first = samples.first(s), rows = samples.count(s), width = image.width;
      Symbols g_x_hat = gather_symbols(g + first * out_stride, rows, out_stride, width);
      for (Index i = 0; i < g_x_hat.rows(); ++i) g_x_hat(i, 0) /= 1 + hop.noise_var(i);
      const Symbols g_y = channels.front_end->pullback(g_x_hat, hop.y, hop.state);
      const Symbols g_x = channels.of(image.channel).pullback(g_y, hop.x, hop.state);
      for (Index r = 0; r < rows; ++r)
        for (Index i = 0; i < width; ++i) {
          g_symbols[(first + r) * stride + 2 * i] += g_x(r * width + i, 0).real();
          g_symbols[(first + r) * stride + 2 * i + 1] += g_x(r * width + i, 0).imag();
        }
    }
  });
  return result;
}

nn::Var<float> transmit_plain(nn::Context<float>& context, const nn::Var<float>& x, const nn::RowGroups& samples,
                              const std::vector<ImagePlan>& images, const Channel& channel) {
  const nn::Var<float> received = context.tape.result(x.rows(), x.cols(), {&x});
  const auto hops = std::make_shared<std::vector<Hop>>();
  const Index stride = x.cols(), width = stride / 2;
  for (Index s = 0; s < samples.size(); ++s) {
    const ImagePlan& image = images[static_cast<std::size_t>(s)];
    const Index first = samples.first(s) * stride, rows = samples.count(s);
    Hop hop;
    hop.x = gather_symbols(x.data() + first, rows, stride, width);
    hop.state = channel.realize(rows * width, {image.snr_db}, image.address);
    hop.y = channel.apply(hop.x, hop.state);
    for (Index i = 0; i < rows * width; ++i) {
      received.data()[first + 2 * i] = hop.y(i, 0).real();
      received.data()[first + 2 * i + 1] = hop.y(i, 0).imag();
    }
    hops->push_back(std::move(hop));
  }
  context.tape.on_backward(received, [x, received, samples, hops, stride, width, &channel] {
    for (Index s = 0; s < samples.size(); ++s) {
      const Hop& hop = (*hops)[static_cast<std::size_t>(s)];
      const Index first = samples.first(s) * stride, rows = samples.count(s);
      const Symbols g_y = gather_symbols(received.grad().data() + first, rows, stride, width);
      const Symbols g_x = channel.pullback(g_y, hop.x, hop.state);
      for (Index i = 0; i < rows * width; ++i) {
        x.grad().data()[first + 2 * i] += g_x(i, 0).real();
        x.grad().data()[first + 2 * i + 1] += g_x(i, 0).imag();
      }
    }
  });
  return received;
}

}  // namespace semlink::train
