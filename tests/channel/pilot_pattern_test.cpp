#include <gtest/gtest.h>

#include <semlink/channel/pilot_pattern.h>
#include <semlink/core/error.h>
#include <semlink/core/rng.h>

namespace semlink {
namespace {

TEST(PilotPattern, PutsPilotsAroundEveryGroup) {
  const Symbols x = Symbols::Constant(5, 1, Complex(2, 0));
  Symbols expected(9, 1);
  expected << 1, 2, 2, 1, 2, 2, 1, 2, 1;
  EXPECT_EQ(PilotPattern(2).insert(x), expected);
}

TEST(PilotPattern, AnEmptyFrameIsOnePilot) { EXPECT_EQ(PilotPattern(16).insert(Symbols(0, 1)), Symbols::Ones(1, 1)); }

TEST(PilotPattern, RemoveUndoesInsertAtEveryLength) {
  Stream stream(1, Purpose::user, 0);
  for (Index spacing : {1, 2, 7, 16, 1000})
    for (Index num_uses = 0; num_uses < 70; ++num_uses) {
      const PilotPattern pattern(spacing);
      const Symbols x = stream.complex_normals(num_uses, 1);
      const Symbols framed = pattern.insert(x);
      ASSERT_EQ(framed.rows(), num_uses + pattern.num_pilots(num_uses));
      EXPECT_EQ(pattern.remove(framed), x);
    }
}

TEST(PilotPattern, PilotRowsAreThoseThatInsertFills) {
  for (Index num_uses = 0; num_uses < 40; ++num_uses) {
    const PilotPattern pattern(4);
    const Symbols framed = pattern.insert(Symbols::Zero(num_uses, 1));
    Index found = 0;
    for (Index k = 0; k < pattern.num_pilots(num_uses); ++k)
      found += framed(pattern.pilot_row(k, framed.rows()), 0) == Complex(1);
    EXPECT_EQ(found, static_cast<Index>(framed.real().sum()));
  }
}

TEST(PilotPattern, RefusesLengthsThatNoFrameHas) {
  const PilotPattern pattern(4);
  EXPECT_THROW(pattern.num_symbols(0), Error);
  EXPECT_THROW(pattern.num_symbols(2), Error);  // two pilots and nothing between
  EXPECT_THROW(pattern.num_symbols(7), Error);  // four symbols end with a pilot, a fifth brings two more
  EXPECT_THROW(PilotPattern(0), Error);
}

}  // namespace
}  // namespace semlink
