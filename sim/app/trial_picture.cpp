#include <semlink/app/trial_picture.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <semlink/codecs/nn/softmax.h>
#include <semlink/core/error.h>
#include <semlink/link/metrics.h>

namespace semlink {
namespace {

using Colour = std::array<float, 3>;

constexpr Index kLeastHeight = 256, kGap = 8;
constexpr Colour kDark = {0.1F, 0.1F, 0.1F}, kBlue = {0.12F, 0.47F, 0.71F}, kOrange = {1.0F, 0.5F, 0.05F};
constexpr Colour kRestTint = {0.58F, 0.4F, 0.74F}, kGreen = {0.17F, 0.63F, 0.17F}, kRed = {0.84F, 0.15F, 0.16F};
constexpr Index kBar = 14, kSpace = 4;

/// Colours that are easy to tell apart, one for each expert in turn.
constexpr std::array<Colour, 8> kExperts = {{{0.12F, 0.47F, 0.71F},
                                             {1.0F, 0.5F, 0.05F},
                                             {0.17F, 0.63F, 0.17F},
                                             {0.84F, 0.15F, 0.16F},
                                             {0.58F, 0.4F, 0.74F},
                                             {0.55F, 0.34F, 0.29F},
                                             {0.89F, 0.47F, 0.76F},
                                             {0.74F, 0.74F, 0.13F}}};

Image plain(Index height, Index width, float value) {
  return {height, width, std::vector<float>(static_cast<std::size_t>(3 * height * width), value)};
}

float* pixel(Image& image, Index y, Index x) { return image.values.data() + 3 * (y * image.width + x); }
const float* pixel(const Image& image, Index y, Index x) { return image.values.data() + 3 * (y * image.width + x); }

/// Moves a pixel towards a colour.
void tint(float* at, const Colour& colour, float share) {
  for (std::size_t c = 0; c < 3; ++c) at[c] += share * (colour[c] - at[c]);
}

/// Every pixel as a square of `factor` pixels a side.
Image enlarged(const Image& image, Index factor) {
  Image out = plain(image.height * factor, image.width * factor, 0);
  for (Index y = 0; y < out.height; ++y)
    for (Index x = 0; x < out.width; ++x) std::copy_n(pixel(image, y / factor, x / factor), 3, pixel(out, y, x));
  return out;
}

Image side_by_side(const std::vector<Image>& panels) {
  Index width = -kGap;
  for (const Image& panel : panels) width += panel.width + kGap;
  Image all = plain(panels.front().height, width, 1);
  Index left = 0;
  for (const Image& panel : panels) {
    for (Index y = 0; y < panel.height; ++y) std::copy_n(pixel(panel, y, 0), 3 * panel.width, pixel(all, y, left));
    left += panel.width + kGap;
  }
  return all;
}

/// Calls visit(token, y, x) for every pixel of an image and the token it belongs to.
template <typename Visit>
void for_each_pixel(const Image& image, Index grid_height, Index grid_width, Visit&& visit) {
  const Index patch_height = image.height / grid_height, patch_width = image.width / grid_width;
  for (Index y = 0; y < image.height; ++y)
    for (Index x = 0; x < image.width; ++x)
      visit(static_cast<std::size_t>(y / patch_height * grid_width + x / patch_width), y, x);
}

/// Dark lines where the tokens on both sides are restored from different rows, one of which is shared.
void outline_groups(Image& image, const TokenMap& tokens) {
  const Index patch_height = image.height / tokens.height, patch_width = image.width / tokens.width;
  const auto token_at = [&](Index y, Index x) {
    return static_cast<std::size_t>(y / patch_height * tokens.width + x / patch_width);
  };
  const auto parts = [&](std::size_t a, std::size_t b) {
    return tokens.row[a] != tokens.row[b] && (tokens.is_shared(a) || tokens.is_shared(b));
  };
  for (Index y = 0; y < image.height; ++y)
    for (Index x = 0; x < image.width; ++x) {
      const std::size_t here = token_at(y, x);
      if ((y > 0 && parts(here, token_at(y - 1, x))) || (x > 0 && parts(here, token_at(y, x - 1))))
        tint(pixel(image, y, x), kDark, 1);
    }
}

Image expert_panel(const Image& image, const BlockMap& experts, const TokenMap& tokens) {
  Image out = image;
  for_each_pixel(image, tokens.height, tokens.width, [&](std::size_t token, Index y, Index x) {
    const Index expert = experts.expert[token];
    if (expert >= 0) tint(pixel(out, y, x), kExperts[static_cast<std::size_t>(expert) % kExperts.size()], 0.6F);
  });
  return out;
}

/// Empty where all tokens went equally deep.
std::optional<Image> depth_panel(const Image& image, const DecisionTrace& decisions, const TokenMap& tokens) {
  const std::vector<Index> depth = token_depths(decisions, tokens);
  const auto [least, most] = std::minmax_element(depth.begin(), depth.end());
  if (*least == *most) return std::nullopt;
  const auto deepest = static_cast<float>(*most);
  Image out = image;
  for_each_pixel(image, tokens.height, tokens.width, [&](std::size_t token, Index y, Index x) {
    tint(pixel(out, y, x), kDark, 0.9F * (1 - static_cast<float>(depth[token]) / deepest));
  });
  return out;
}

/// A filled rectangle, or its outline of two pixels.
void draw_bar(Image& image, Index top, Index bottom, Index left, Index right, const Colour& colour, bool filled) {
  constexpr Index kLine = 2;
  for (Index y = std::max<Index>(0, top); y < std::min(bottom, image.height); ++y)
    for (Index x = left; x < right; ++x)
      if (filled || y < top + kLine || y >= bottom - kLine || x < left + kLine || x >= right - kLine)
        tint(pixel(image, y, x), colour, 1);
}

Image stage_panel(const TrialTrace& trace, Index height) {
  constexpr double kFullScale_db = 3;
  const std::size_t count = trace.encoder_decisions.stages.size() + trace.decoder_decisions.stages.size();
  Image panel = plain(height, static_cast<Index>(count) * (kBar + kSpace) + 3 * kSpace, 0.95F);
  const Index zero = height * 3 / 4;
  for (Index x = 0; x < panel.width; ++x) tint(pixel(panel, zero, x), kDark, 1);
  Index left = kSpace;
  const auto draw = [&](const DecisionTrace& decisions, const Colour& colour) {
    for (const StageDecision& stage : decisions.stages) {
      const double gain = stage.predicted_mse >= 0 ? predicted_gain_db(stage) : kFullScale_db / 10;
      const auto length = static_cast<Index>(std::lround(gain / kFullScale_db * static_cast<double>(zero)));
      const Index shown = std::clamp<Index>(length, zero - height, zero);
      const Index top = zero - std::max<Index>(shown, 0), bottom = zero - std::min<Index>(shown, 0) + 3;
      draw_bar(panel, top, bottom, left, left + kBar, colour, stage.opened);
      left += kBar + kSpace;
    }
    left += kSpace;
  };
  draw(trace.encoder_decisions, kBlue);
  draw(trace.decoder_decisions, kOrange);
  return panel;
}

Image class_panel(const Eigen::VectorXf& logits, int label, Index height) {
  Eigen::VectorXf probabilities(logits.size());
  nn::softmax(logits.data(), logits.size(), probabilities.data());
  Image panel = plain(height, logits.size() * (kBar + kSpace) + kSpace, 0.95F);
  for (Index x = 0; x < panel.width; ++x) tint(pixel(panel, height / 2, x), kDark, 0.3F);
  for (Index i = 0; i < probabilities.size(); ++i) {
    const auto length = std::lround(probabilities[i] * static_cast<float>(height));
    const Index left = kSpace + i * (kBar + kSpace);
    draw_bar(panel, height - std::max<Index>(1, length), height, left, left + kBar, i == label ? kGreen : kRed, true);
  }
  return panel;
}

}  // namespace

double predicted_gain_db(const StageDecision& decision) {
  if (decision.predicted_mse <= 0 || decision.predicted_mse_next <= 0) return 0;
  return 10 * std::log10(decision.predicted_mse / decision.predicted_mse_next);
}

Image sent_image(const Image& image, const TokenMap& tokens) {
  constexpr Colour kGrey = {0.5F, 0.5F, 0.5F};
  const Index patch_height = image.height / tokens.height, patch_width = image.width / tokens.width;
  // The mean patch of every row that several tokens are restored from.
  RowMatrix<float> mean =
      RowMatrix<float>::Zero(static_cast<Index>(tokens.members.size()), 3 * patch_height * patch_width);
  const auto within = [&](Index y, Index x) { return 3 * (y % patch_height * patch_width + x % patch_width); };
  for_each_pixel(image, tokens.height, tokens.width, [&](std::size_t token, Index y, Index x) {
    const Index row = tokens.row[token];
    if (row < 0) return;
    const auto members = static_cast<float>(tokens.members[static_cast<std::size_t>(row)]);
    float* sum = mean.row(row).data() + within(y, x);
    for (Index c = 0; c < 3; ++c) sum[c] += pixel(image, y, x)[c] / members;
  });
  Image out = image;
  for_each_pixel(image, tokens.height, tokens.width, [&](std::size_t token, Index y, Index x) {
    const Index row = tokens.row[token];
    if (row < 0) return tint(pixel(out, y, x), kGrey, 0.8F);
    if (tokens.is_shared(token)) std::copy_n(mean.row(row).data() + within(y, x), 3, pixel(out, y, x));
    if (tokens.is_rest(token)) tint(pixel(out, y, x), kRestTint, 0.3F);
  });
  return out;
}

Image trial_picture(const TrialTrace& trace, const std::optional<TokenMap>& tokens) {
  const Image& sent = trace.sample.image;
  const Image& received = trace.output.image;
  const bool has_pair = received.values.size() == sent.values.size();
  const bool has_scores = trace.output.logits.size() > 0;
  if (sent.values.empty() || !(has_pair || decided_class(trace.output) >= 0))
    throw Error(ErrorCode::bad_scenario,
                "command line: --png: this trial has no image at the transmitter, or neither image nor class at the "
                "receiver");
  const Index factor = std::max<Index>(1, (kLeastHeight + sent.height - 1) / sent.height);
  std::vector<Image> panels{enlarged(sent, factor)};
  if (tokens) {
    panels.push_back(enlarged(sent_image(sent, *tokens), factor));
    outline_groups(panels.back(), *tokens);
    if (const auto depth = depth_panel(sent, trace.decoder_decisions, *tokens))
      panels.push_back(enlarged(*depth, factor));
    for (const DecisionTrace* side : {&trace.encoder_decisions, &trace.decoder_decisions})
      for (const BlockMap& block : side->blocks)
        if (!block.expert.empty()) panels.push_back(enlarged(expert_panel(sent, block, *tokens), factor));
  }
  if (!trace.encoder_decisions.stages.empty() || !trace.decoder_decisions.stages.empty())
    panels.push_back(stage_panel(trace, panels.front().height));
  if (has_pair) panels.push_back(enlarged(received, factor));
  if (has_scores) panels.push_back(class_panel(trace.output.logits, trace.sample.label, panels.front().height));
  return side_by_side(panels);
}

}  // namespace semlink
