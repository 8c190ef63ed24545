#include <semlink/app/trial_story.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include <semlink/codecs/adaptive/header.h>

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
  EXPECT_NE(text.find("tokens   9 of 64 sent (#)\n         ########\n         ........\n"), std::string::npos) << text;
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

TEST(TrialStory, TokensThatWereNotSentFade) {
  Image image{.height = 4, .width = 4, .values = std::vector<float>(48, 1.0f)};
  const Image out = faded(image, TokenMap{2, 2, {true, false, true, true}});
  EXPECT_EQ(out.values[0], 1.0f);
  EXPECT_NEAR(out.values[3 * 2], 0.6f, 1e-6f);
  EXPECT_EQ(std::count(out.values.begin(), out.values.end(), 1.0f), 36);
}

}  // namespace
}  // namespace semlink
