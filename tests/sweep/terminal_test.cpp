#include <gtest/gtest.h>
#include <semlink/sweep/terminal.h>

#include <algorithm>
#include <sstream>

#include "support/trials.h"

namespace semlink {
namespace {

SweepState finished_state() {
  SweepState state = start_sweep(Grid({Axis{
      .key = "channel.snr_db", .kind = Axis::Kind::number, .texts = {"-5", "10"}, .numbers = {-5, 10}, .unit = "dB"}}));
  RunSettings settings;
  settings.max_trials = 64;
  settings.threads = 1;
  const std::atomic<bool> stop = false;
  run_sweep(
      state, settings,
      [](std::size_t point) {
        const double snr_db = point == 0 ? -5 : 10;
        return PointRun{.run_trial = [snr_db](std::uint64_t trial) { return example_trial(snr_db, trial); },
                        .snr_label_db = snr_db};
      },
      stop);
  return state;
}

TEST(Terminal, HeadAndRowsLineUp) {
  const SweepState state = finished_state();
  const std::string head = table_head(state), row = table_row(state, 1);
  EXPECT_EQ(head.size(), row.size()) << head << '\n' << row;
  for (const char* word : {"channel.snr_db", "PSNR dB [95 %]", "k/n", "tokens", "enc depth", "dec MACs", "hdr fails", "SNR meas."})
    EXPECT_NE(head.find(word), std::string::npos) << word;
  EXPECT_NE(row.find(" 64 "), std::string::npos) << row;
  EXPECT_NE(row.find("0.0339"), std::string::npos) << row;  // 104 / 3072
  EXPECT_NE(row.find("1M"), std::string::npos) << row;
}

TEST(Terminal, BitsHaveATableOfErrorRates) {
  SweepState state = start_sweep(Grid());
  state.view.bits = true;
  for (int trial = 0; trial < 4; ++trial) {
    TrialResult result;
    result.num_bits = 1000;
    result.num_blocks = 1;
    result.bit_errors = 5;
    result.block_errors = 1;
    state.points[0].total.add(result);
  }
  const std::string head = table_head(state), row = table_row(state, 0);
  EXPECT_EQ(head.size(), row.size()) << head << '\n' << row;
  EXPECT_EQ(head.find("PSNR"), std::string::npos);
  EXPECT_NE(row.find("0.005 ["), std::string::npos) << row;
  EXPECT_NE(row.find(" 20 "), std::string::npos) << row;
}

TEST(Terminal, FramesThatWereNotFoundHaveAColumnWhereFramesAreLookedFor) {
  SweepState state = finished_state();
  EXPECT_EQ(table_head(state).find("missed"), std::string::npos);
  state.view.frames = true;
  TrialResult lost = example_trial(10, 64);
  lost.missed = 1;
  state.points[1].total.add(lost);
  const std::string head = table_head(state), row = table_row(state, 1);
  const std::size_t end = head.find(" missed") + std::string(" missed").size();
  ASSERT_NE(head.find(" missed"), std::string::npos);
  EXPECT_EQ(row.substr(end - 2, 2), " 1") << head << '\n' << row;
}

TEST(Terminal, LedgerThatIsOffIsSaid) {
  SweepState state = finished_state();
  EXPECT_EQ(table_row(state, 0).find("ledger"), std::string::npos);
  state.points[0].snr_label_db = 10;
  EXPECT_NE(table_row(state, 0).find("(power ledger off)"), std::string::npos);
}

Progress halfway() {
  return {.points_done = 1, .num_points = 2, .point = 1, .trials_done = 96, .trials_run = 96, .trials_left_at_most = 32, .seconds = 8};
}

TEST(Terminal, ProgressHasRateTimeLeftAndPoint) {
  EXPECT_EQ(progress_line(finished_state(), halfway()),
            "1/2 points, 12.0 trials/s, 3 s left, channel.snr_db = 10: 64 trials");
}

TEST(Terminal, LiveLineIsErasedBeforeARow) {
  const SweepState state = finished_state();
  std::ostringstream out;
  SweepTerminal terminal(out, true);
  terminal.progress(state, halfway());
  terminal.point(state, 0);
  EXPECT_EQ(out.str(), "\r" + progress_line(state, halfway()) + "\x1b[K\r\x1b[K" + table_row(state, 0) + "\n");
}

TEST(Terminal, FilesGetNoControlCharacters) {
  const SweepState state = finished_state();
  std::ostringstream out;
  SweepTerminal terminal(out, false);
  Progress progress = halfway();
  for (progress.seconds = 0; progress.seconds < 70; ++progress.seconds) terminal.progress(state, progress);
  terminal.point(state, 0);
  const std::string text = out.str();
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);  // at 30 s, at 60 s, the row
}

}  // namespace
}  // namespace semlink
