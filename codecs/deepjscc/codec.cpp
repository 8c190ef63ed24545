#include <semlink/codecs/deepjscc/codec.h>

#include <semlink/core/error.h>

namespace semlink::deepjscc {

namespace {

constexpr float kMidGrey = 0.5F;

nn::Grid pixels_of(Index height, Index width) {
  if (height < 1 || width < 1 || height % Network::kReduction != 0 || width % Network::kReduction != 0)
    throw Error(ErrorCode::bad_argument, "image of " + std::to_string(height) + "x" + std::to_string(width) +
                                             " pixels: expected sides that are multiples of " +
                                             std::to_string(Network::kReduction));
  return {height, width};
}

}  // namespace

DeepJsccCodec::DeepJsccCodec(Model model) : model_(std::move(model)), network_(model_.config) {}

Payload DeepJsccCodec::encode(const Sample& sample, EncodeWork& work) const {
  const nn::Grid pixels = pixels_of(sample.image.height, sample.image.width);
  const nn::TapePool::Loan tape = tapes_.borrow();
  nn::Context<float> context = this->context(*tape, work.ledger);
  const nn::Var<float> x = context.tape.constant(pixels.num_tokens(), 3);
  std::copy(sample.image.values.begin(), sample.image.values.end(), x.data());
  std::vector<double> energies;
  const nn::Var<float> reals = network_.encode(context, x, pixels, &energies);
  Payload payload;
  payload.symbols.resize(network_.num_symbols(pixels), 1);
  work.unscaled_power = energies.front() / static_cast<double>(payload.symbols.rows());
  for (Index i = 0; i < payload.symbols.rows(); ++i)
    payload.symbols(i, 0) = {reals.data()[2 * i], reals.data()[2 * i + 1]};
  return payload;
}

Output DeepJsccCodec::decode(const Received& received, DecodeWork& work) const {
  const nn::Grid pixels = pixels_of(work.image_height, work.image_width);
  Output output;
  output.image = {pixels.height, pixels.width,
                  std::vector<float>(static_cast<std::size_t>(3 * pixels.num_tokens()), kMidGrey)};
  const Index num_symbols = network_.num_symbols(pixels);
  if (!received.header_ok || received.symbols.rows() < num_symbols) return output;

  const nn::TapePool::Loan tape = tapes_.borrow();
  nn::Context<float> context = this->context(*tape, work.ledger);
  const Index channels = model_.config.code_channels;
  const nn::Var<float> arrived = context.tape.constant(2 * num_symbols / channels, channels);
  for (Index i = 0; i < num_symbols; ++i) {
    arrived.data()[2 * i] = received.symbols(i, 0).real();
    arrived.data()[2 * i + 1] = received.symbols(i, 0).imag();
  }
  const nn::Var<float> image = network_.decode(context, arrived, pixels);
  std::copy_n(image.data(), output.image.values.size(), output.image.values.begin());
  return output;
}

}  // namespace semlink::deepjscc
