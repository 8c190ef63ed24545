#include <semlink/app/trial_picture.h>
#include <semlink/app/trial_story.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include <semlink/codecs/adaptive/header.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

/// An adaptive payload of an 8x8 grid that keeps the first row and the last token.
Payload some_tokens() {
  adaptive::Header header{.grid = {8, 8}, .encoder_exit = 2, .width = 3, .map = {{0, 1, 2, 3, 4, 5, 6, 7, 63}}};
  Payload payload;
  payload.side_info = adaptive::write_header(header, adaptive::find_selector("learned"));
  payload.encoder_depth = 2;
  return payload;
}

TrialTrace trace_of(const Payload& payload, bool header_ok) {
  TrialTrace trace;
  trace.payload = payload;
  trace.state.gain = Symbols::Constant(4, 1, Complex(0, 2));
  for (const SideInfo& piece : payload.side_info) trace.received.side_info.push_back(piece.bits);
  trace.received.header_ok = header_ok;
  if (!header_ok) trace.received.side_info.pop_back();
  trace.output.decoder_depth = 3;
  trace.output.exit_index = 3;
  return trace;
}

std::string story(const TrialTrace& trace) {
  std::ostringstream out;
  print_story(out, trace, sent_tokens(trace.payload, "learned", TrialRng{}));
  return out.str();
}

TEST(TrialStory, TellsGainsHeaderExitsAndTokens) {
  const std::string text = story(trace_of(some_tokens(), true));
  EXPECT_NE(text.find("channel  |h|^2 = 4 (6.02 dB), phase 1.571 rad\n"), std::string::npos) << text;
  EXPECT_NE(text.find("bits; all received\n"), std::string::npos) << text;
  EXPECT_NE(text.find("exits    transmitter after 2 blocks, receiver after 3 (exit 3)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("tokens   9 of 64 sent (#), not sent (.)\n         ########\n         ........\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("         .......#\n")) << text;
}

TEST(TrialStory, NamesThePieceThatFailed) {
  const Payload payload = some_tokens();
  const std::string text = story(trace_of(payload, false));
  EXPECT_NE(text.find("piece " + std::to_string(payload.side_info.size()) + " failed its CRC\n"), std::string::npos)
      << text;
}

TEST(TrialStory, RangeOfGainsThatChange) {
  TrialTrace trace = trace_of(some_tokens(), true);
  trace.state.gain(1, 0) = Complex(1, 0);
  EXPECT_NE(story(trace).find("|h|^2 = 3.25 (5.12 dB) on average, from 1 to 4; phase 1.571 rad at first"),
            std::string::npos);
}

TEST(TrialStory, OtherSideInformationHasNoTokens) {
  EXPECT_FALSE(sent_tokens(Payload(), "learned", TrialRng{}));
  Payload payload = some_tokens();
  payload.side_info.pop_back();
  EXPECT_FALSE(sent_tokens(payload, "learned", TrialRng{}));
}

/// A grid of 2x2: tokens 0 and 1 share a row, 2 has one of its own, 3 is missing.
TokenMap shared_map() { return make_token_map(2, 2, {{0, 2}, {0, 0, 1, -1}, 0}); }

TEST(TrialStory, TellsGroupsStagesAndExperts) {
  TrialTrace trace = trace_of(some_tokens(), true);
  trace.encoder_decisions.stages = {{1, true, 1e-2, 1e-3, 2'500'000}};
  trace.decoder_decisions.stages = {{0, true, -1, -1, 14'000'000}, {1, false, 1.0, 1.0, 14'000'000}};
  trace.decoder_decisions.blocks = {{0, {true, true, false, true}, {3, 11, -1, 0}}};
  std::ostringstream out;
  print_story(out, trace, shared_map());
  const std::string text = out.str();
  EXPECT_NE(text.find("stage    transmitter 2, 2.5 million MACs: predicted to take 20.00 dB to 30.00 dB, runs\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("stage    receiver 1, 14 million MACs: runs\n"), std::string::npos) << text;
  EXPECT_NE(text.find("predicted to take 0.00 dB to 0.00 dB, does not run\n"), std::string::npos) << text;
  EXPECT_NE(text.find("tokens   2 of 4 sent (#), like letters share one, not sent (.)\n         aa\n         #.\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("depth    receiver, blocks run on each token\n         11\n         01\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("experts  receiver, block 1\n         3b\n         .0\n"), std::string::npos) << text;
}

TEST(TrialStory, TellsHowARateWasChosen) {
  TrialTrace trace = trace_of(some_tokens(), true);
  EXPECT_EQ(story(trace).find("rate "), std::string::npos);
  trace.encoder_decisions.rate_mse = {1e-2, 1e-3};
  trace.encoder_decisions.width = 2;
  EXPECT_NE(story(trace).find("rate     2 symbols per token; predicted dB with 1, 2, ...: 20.00 30.00\n"),
            std::string::npos);
}

TEST(TrialStory, TellsWhatIsSummedUp) {
  std::ostringstream out;
  print_story(out, trace_of(some_tokens(), true), make_token_map(1, 3, {{1}, {1, 0, 1}, 1}));
  EXPECT_NE(out.str().find("tokens   2 of 3 sent (#), summed up (~)\n         ~#~\n"), std::string::npos) << out.str();
}

/// An image of 2x3 tokens of 4 pixels a side, pooled to three rows: the last has none that weighs most in it.
TrialTrace pooled_trace() {
  TrialTrace trace = trace_of(Payload(), true);
  trace.payload.tokens_kept = 3;
  trace.payload.num_tokens = 6;
  trace.encoder_decisions.pooled = {0, 0, 1, 0, 1, 1};
  trace.sample.image = {.height = 8, .width = 12, .values = std::vector<float>(288, 1.0f)};
  return trace;
}

TEST(TrialStory, TellsWherePooledTokensWent) {
  TrialTrace trace = pooled_trace();
  trace.encoder_decisions.rate_mse = {1e-2, 1e-3};
  trace.encoder_decisions.width = 2;
  trace.encoder_decisions.blocks = {{0, std::vector<bool>(6, true), {0, 0, 1, 0, 1, 1}}};
  std::ostringstream out;
  print_story(out, trace, pooled_tokens(trace));
  const std::string text = out.str();
  EXPECT_NE(text.find("rate     2 symbols per row; predicted dB"), std::string::npos) << text;
  EXPECT_NE(text.find("rows     3 made of 6 tokens, each shown by a letter for the row it weighs most in\n"
                      "         aab\n         abb\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("experts  transmitter, block 1\n         001\n         011\n"), std::string::npos) << text;
}

TEST(TrialStory, HasNoPooledTokensWhereNoRowsWereSent) {
  TrialTrace trace = pooled_trace();
  trace.payload.tokens_kept = 0;
  EXPECT_FALSE(pooled_tokens(trace));
  EXPECT_FALSE(pooled_tokens(trace_of(some_tokens(), true)));
}

/// White, but for a black token 0.
Image test_image() {
  Image image{.height = 4, .width = 4, .values = std::vector<float>(48, 1.0f)};
  for (const int first : {0, 12}) std::fill_n(image.values.begin() + first, 6, 0.0f);
  return image;
}

TEST(SentImage, ShowsMeansAndFadesWhatIsMissing) {
  const Image out = sent_image(test_image(), shared_map());
  for (const int x : {0, 1, 2, 3}) EXPECT_NEAR(out.values[static_cast<std::size_t>(3 * x)], 0.5f, 1e-6f);
  EXPECT_EQ(out.values[3 * 8], 1.0f);            // token 2 as it is
  EXPECT_NEAR(out.values[3 * 10], 0.6f, 1e-6f);  // token 3, missing
}

TEST(TrialPicture, HasAPanelForEachAnswer) {
  TrialTrace trace;
  trace.sample.image = trace.output.image = test_image();
  const auto width = [&](const std::optional<TokenMap>& tokens) { return trial_picture(trace, tokens).width; };
  EXPECT_EQ(trial_picture(trace, std::nullopt).height, 256);
  EXPECT_EQ(width(std::nullopt), 2 * 256 + 8);
  EXPECT_EQ(width(shared_map()), 3 * 256 + 2 * 8);
  trace.decoder_decisions.blocks = {{0, std::vector<bool>(4, true), {0, 1, 0, 1}},
                                    {1, std::vector<bool>(4, true), {1, 1, 1, 0}}};
  EXPECT_EQ(width(shared_map()), 5 * 256 + 4 * 8);
  trace.decoder_decisions.blocks.push_back({2, {true, false, true, true}, {}});  // now depths differ
  EXPECT_EQ(width(shared_map()), 6 * 256 + 5 * 8);
  const Index before = width(std::nullopt);
  trace.decoder_decisions.stages = {{0, true, 1e-2, 1e-3, 1}};
  EXPECT_GT(width(std::nullopt), before);
  trace.output.image.values.clear();
  EXPECT_THROW(trial_picture(trace, std::nullopt), Error);
}

/// Pixels of this colour in a panel of classes right of the image.
Index class_pixels(const Image& picture, float red) {
  Index count = 0;
  for (Index y = 0; y < picture.height; ++y)
    for (Index x = 256 + 8; x < picture.width; ++x)
      count += std::abs(picture.values[static_cast<std::size_t>(3 * (y * picture.width + x))] - red) < 1e-5f ? 1 : 0;
  return count;
}

TEST(TrialPicture, BarsOfClassesAreAsHighAsTheirProbability) {
  constexpr float kGreenRed = 0.17f, kRedRed = 0.84f;
  TrialTrace trace;
  trace.sample.image = test_image();
  trace.sample.label = 1;
  trace.output.logits = Eigen::Vector3f(std::log(0.125f), std::log(0.25f), std::log(0.625f));
  const Image picture = trial_picture(trace, std::nullopt);
  EXPECT_EQ(picture.width, 256 + 8 + 3 * 18 + 4);
  EXPECT_EQ(class_pixels(picture, kGreenRed), 14 * 64);
  EXPECT_EQ(class_pixels(picture, kRedRed), 14 * (32 + 160));
  trace.output.logits.resize(0);
  trace.output.label = 1;  // told by the transmitter: there are no scores
  EXPECT_EQ(trial_picture(trace, std::nullopt).width, 256);
}

/// Pixels of this colour in the panel of the stages, which begins right of the first image.
Index bar_pixels(const TrialTrace& trace, float red) {
  const Image picture = trial_picture(trace, std::nullopt);
  Index count = 0;
  for (Index y = 0; y < picture.height; ++y)
    for (Index x = 256 + 8; x < picture.width - 256 - 8; ++x)
      count += picture.values[static_cast<std::size_t>(3 * (y * picture.width + x))] == red ? 1 : 0;
  return count;
}

TEST(TrialPicture, BarsAreAsHighAsThePredictedGain) {
  constexpr float kOrangeRed = 1.0f, kBlueRed = 0.12f;
  TrialTrace trace;
  trace.sample.image = trace.output.image = test_image();
  trace.decoder_decisions.stages = {{0, true, 2e-3, 1e-3, 1}};  // 3.01 dB fill 192 pixels; 14 wide, with a base of 3
  EXPECT_EQ(bar_pixels(trace, kOrangeRed), 14 * (192 + 3));
  trace.decoder_decisions.stages = {{0, true, std::sqrt(2.0) * 1e-3, 1e-3, 1}};
  EXPECT_EQ(bar_pixels(trace, kOrangeRed), 14 * (96 + 3));
  EXPECT_EQ(bar_pixels(trace, kBlueRed), 0);
  trace.decoder_decisions.stages[0].opened = false;  // an outline of two pixels
  EXPECT_EQ(bar_pixels(trace, kOrangeRed), 14 * (96 + 3) - 10 * (96 + 3 - 4));
}

}  // namespace
}  // namespace semlink
