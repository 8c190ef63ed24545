#include <semlink/train/plan.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <semlink/data/builtin_images.h>

namespace semlink::train {
namespace {

/// How often each width from 1 on is drawn in 2,000 images.
std::vector<double> width_shares(const TrainSettings& settings, const adaptive::NetworkConfig& config) {
  const BuiltinImages images(8, 8, Split::train);
  std::vector<double> shares(static_cast<std::size_t>(config.row_width()));
  TrainSettings small = settings;
  small.batch = small.chunk = 100;
  small.large_share = 0;
  for (int step = 0; step < 20; ++step)
    for (const ImagePlan& plan : draw_chunk(small, config, {nullptr, &images, nullptr}, 1, step, 0).images)
      shares[static_cast<std::size_t>(plan.width - 1)] += 1.0 / 2000;
  return shares;
}

TEST(DrawChunk, UsualWidthsComeWithTheirShare) {
  TrainSettings settings;
  const std::vector<double> usual = width_shares(settings, {});  // 0.7, and 2 of 12 of the rest
  EXPECT_NEAR(usual[3], 0.45 + 0.3 / 12, 0.04);
  EXPECT_NEAR(usual[7], 0.25 + 0.3 / 12, 0.04);
  settings.usual_width_share = 0;
  const std::vector<double> even = width_shares(settings, {});
  EXPECT_LT(std::ranges::max(even), 1.0 / 12 + 0.025);
  EXPECT_GT(std::ranges::min(even), 1.0 / 12 - 0.025);
}

/// What comes to the same k/n: 16 rows of 16 or 32 symbols for 64 tokens of 4 or 8.
TEST(DrawChunk, PooledRowsGetTheUsualRates) {
  adaptive::NetworkConfig pooled;
  pooled.pooled_tokens = 16;
  TrainSettings settings;
  settings.drop_share = 0;
  const std::vector<double> usual = width_shares(settings, pooled);
  ASSERT_EQ(usual.size(), 48U);
  EXPECT_NEAR(usual[15], 0.45 + 0.3 / 48, 0.04);
  EXPECT_NEAR(usual[31], 0.25 + 0.3 / 48, 0.04);
  EXPECT_GT(usual[47], 0);
  pooled.pooled_tokens = 12;  // 21 symbols: 252 of 256 uses
  EXPECT_NEAR(width_shares(settings, pooled)[20], 0.45 + 0.3 / 72, 0.04);
}

TEST(DrawChunk, ANetworkOfFewWidthsDrawsThose) {
  adaptive::NetworkConfig narrow;
  narrow.max_width = 3;
  for (const double share : width_shares({}, narrow)) EXPECT_NEAR(share, 1.0 / 3, 0.05);
}

/// Of the images that lose tokens, and of no others; everything else is drawn as without merging.
TEST(DrawChunk, TokensAreMergedWithTheirShare) {
  const BuiltinImages images(32, 32, Split::train);
  TrainSettings settings;
  settings.batch = settings.chunk = 100;
  settings.large_share = 0;
  settings.drop_share = 0.5;
  const auto draw = [&](double merge_share, int step) {
    settings.merge_share = merge_share;
    return draw_chunk(settings, {}, {nullptr, &images, nullptr}, 1, step, 0).images;
  };
  double num_fewer = 0, num_merged = 0;
  for (int step = 0; step < 10; ++step) {
    const std::vector<ImagePlan> plain = draw(0, step), mixed = draw(0.4, step), all = draw(1, step);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      const bool fewer = plain[i].tokens_kept < 64;
      num_fewer += fewer ? 1 : 0;
      num_merged += mixed[i].selection == Selection::merged ? 1 : 0;
      EXPECT_NE(plain[i].selection, Selection::merged);
      EXPECT_EQ(all[i].selection == Selection::merged, fewer);
      EXPECT_EQ(all[i].tokens_kept, plain[i].tokens_kept);
      EXPECT_EQ(all[i].width, plain[i].width);
      EXPECT_EQ(all[i].image.values, plain[i].image.values);
    }
  }
  EXPECT_NEAR(num_merged / num_fewer, 0.4, 5 * std::sqrt(0.4 * 0.6 / num_fewer));
}

}  // namespace
}  // namespace semlink::train
