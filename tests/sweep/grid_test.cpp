#include <gtest/gtest.h>
#include <semlink/sweep/grid.h>
#include <semlink/sweep/sweep.h>

#include "support/errors.h"

namespace semlink {
namespace {

Axis number_axis(const std::string& key, std::vector<double> numbers) {
  Axis axis{.key = key, .kind = Axis::Kind::number, .numbers = std::move(numbers)};
  for (const double number : axis.numbers) axis.texts.push_back(std::to_string(static_cast<int>(number)));
  return axis;
}

Axis model_axis() { return {.key = "channel.model", .texts = {"awgn", "rayleigh"}}; }
Axis snr_axis() { return number_axis("channel.snr_db", {0, 5, 10}); }
Axis depth_axis() { return number_axis("gate.depth", {1, 2, 3}); }

TEST(AxisGroups, AreListsOfKeysJoinedByPlus) {
  EXPECT_EQ(parse_axis_groups("a.b + c.d, e.f+g.h+i.j"), (AxisGroups{{"a.b", "c.d"}, {"e.f", "g.h", "i.j"}}));
  EXPECT_EQ(parse_axis_groups("  "), AxisGroups());
}

TEST(AxisGroups, SayWhatIsWrong) {
  const auto message = [](const char* text) {
    return message_of(ErrorCode::bad_scenario, [&] { parse_axis_groups(text); });
  };
  EXPECT_EQ(message("a.b"), "\"a.b\": expected at least two keys joined by +");
  EXPECT_EQ(message("a.b + "), "\"a.b +\": expected a key on both sides of +");
  EXPECT_EQ(message("a.b + c.d, c.d + e.f"), "c.d stands twice");
}

TEST(Grid, AxesThatRunTogetherShareADimension) {
  const Grid grid({snr_axis(), model_axis(), depth_axis()}, {{"gate.depth", "channel.snr_db"}});
  EXPECT_EQ(grid.shape(), (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(grid.dimensions()[0].name, "zip_1");
  EXPECT_EQ(grid.dimensions()[1].name, "channel_model");
  EXPECT_EQ(grid.label(0), "channel.snr_db = 0, channel.model = awgn, gate.depth = 1");
  EXPECT_EQ(grid.label(5), "channel.snr_db = 10, channel.model = rayleigh, gate.depth = 3");
  EXPECT_EQ(grid.zip_text(), "channel.snr_db + gate.depth");
}

TEST(Grid, NeighboursAreAStrideApart) {
  const Grid grid({model_axis(), snr_axis(), number_axis("run.seed", {1, 2})});
  EXPECT_EQ(grid.stride(0), 6u);
  EXPECT_EQ(grid.stride(1), 2u);
  EXPECT_EQ(grid.stride(2), 1u);
}

TEST(Grid, SaltIsThatOfTheValuesHoweverAxesRun) {
  const Grid zipped({snr_axis(), depth_axis()}, {{"channel.snr_db", "gate.depth"}});
  const Grid all({snr_axis(), depth_axis()});
  EXPECT_EQ(zipped.salt(2), all.salt(8));  // 10 dB at depth 3
}

TEST(Grid, RefusesPointsThatStandTwice) {
  const auto message = [](std::vector<Axis> axes, const AxisGroups& groups) {
    return message_of(ErrorCode::bad_scenario, [&] { Grid(std::move(axes), groups); });
  };
  const Axis again = number_axis("channel.snr_db", {1, 2, 1});
  EXPECT_EQ(message({again}, {}), "sweep: channel.snr_db = 1 stands twice");
  EXPECT_EQ(message({again, number_axis("gate.depth", {1, 2, 1})}, {{"channel.snr_db", "gate.depth"}}),
            "sweep: channel.snr_db = 1, gate.depth = 1 stands twice");
  // Axes that run together may repeat a value beside another one.
  EXPECT_NO_THROW(Grid({again, depth_axis()}, {{"channel.snr_db", "gate.depth"}}));
}

TEST(Grid, RefusesGroupsThatDoNotFit) {
  const auto message = [](const AxisGroups& groups) {
    return message_of(ErrorCode::bad_scenario, [&] { Grid({model_axis(), snr_axis()}, groups); });
  };
  EXPECT_EQ(message({{"channel.snr_db", "channel.model"}}),
            "channel.snr_db has 3 values and channel.model 2: axes that run together need as many");
  EXPECT_EQ(message({{"channel.snr_db", "gate.depth"}}),
            "gate.depth is no axis here; axes: channel.model, channel.snr_db");
}

TEST(Grid, ExcludedPointsKeepTheirNumberAndAreNotRun) {
  Grid grid({model_axis(), snr_axis()});
  grid.exclude({false, true, false, false, false, true});
  EXPECT_EQ(grid.num_points(), 6u);
  EXPECT_EQ(grid.num_excluded(), 2u);
  SweepState state = start_sweep(grid);
  RunSettings settings;
  settings.max_trials = 40;
  settings.threads = 2;
  const std::atomic<bool> stop = false;
  const auto make_point = [&](std::size_t point) {
    EXPECT_FALSE(grid.is_excluded(point));
    return PointRun{.run_trial = [](std::uint64_t) { return TrialResult(); }};
  };
  EXPECT_EQ(run_sweep(state, settings, make_point, stop), SweepEnd::complete);
  EXPECT_EQ(state.points[1].stop, StopReason::excluded);
  EXPECT_EQ(state.points[1].total.num_trials, 0);
  EXPECT_EQ(state.points[2].total.num_trials, 40);
  prepare_resume(state, settings);
  EXPECT_EQ(state.points[5].stop, StopReason::excluded);
}

TEST(Grid, APointMustBeLeft) {
  Grid grid({model_axis()});
  EXPECT_EQ(message_of(ErrorCode::bad_scenario, [&] { grid.exclude({true, true}); }), "every point is excluded");
}

TEST(Grid, DifferencesAreTold) {
  const Grid plain({snr_axis(), depth_axis()});
  Grid holed = plain;
  holed.exclude({true, false, false, false, false, false, false, false, false});
  EXPECT_EQ(difference(plain, plain), "");
  EXPECT_EQ(difference(plain, holed), "other points of it are excluded");
  EXPECT_EQ(difference(plain, Grid({snr_axis(), depth_axis()}, {{"channel.snr_db", "gate.depth"}})),
            "other axes of it run together");
  EXPECT_EQ(difference(plain, Grid({snr_axis()})), "its axes are channel.snr_db, gate.depth, expected channel.snr_db");
}

}  // namespace
}  // namespace semlink
