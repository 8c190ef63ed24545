"""Savings whose answers can be told by heart."""

import unittest

import equal_quality

# Squared errors of 0.01 and 0.001 at costs of 1 and 2; half of the images each: 0.0055 at 1.5.
CURVE = [("dense", 1.0, 20.0), ("dense", 2.0, 30.0)]
HALF_WAY_DB = 22.596373  # -10 log10 0.0055


class EqualQuality(unittest.TestCase):
    def saving(self, point):
        found = equal_quality.savings(CURVE + [point], "dense")
        self.assertEqual(len(found), 1)
        return found[0]

    def test_images_that_take_turns_save_nothing(self):
        saving = self.saving(("gated", 1.5, HALF_WAY_DB))
        self.assertAlmostEqual(saving.gain_db, 0, 5)
        self.assertAlmostEqual(saving.saved, 0, 5)

    def test_a_cheaper_point_saves_its_share(self):
        saving = self.saving(("gated", 1.2, HALF_WAY_DB))
        self.assertAlmostEqual(saving.saved, 0.2, 5)
        self.assertAlmostEqual(saving.gain_db, 1.732, 2)  # 0.0082 at 1.2

    def test_a_dearer_point_loses(self):
        saving = self.saving(("gated", 1.8, HALF_WAY_DB))
        self.assertAlmostEqual(saving.saved, -0.2, 5)
        self.assertLess(saving.gain_db, 0)

    def test_useless_points_of_the_reference_bend_nothing(self):
        found = equal_quality.savings(CURVE + [("dense", 1.4, 19.0), ("gated", 1.2, HALF_WAY_DB)], "dense")
        self.assertAlmostEqual(found[0].saved, 0.2, 5)

    def test_what_lies_off_the_curve_is_left_out(self):
        for point in [("gated", 0.9, 25.0), ("gated", 2.1, 25.0), ("gated", 1.5, 19.0), ("gated", 1.5, 31.0)]:
            self.assertEqual(equal_quality.savings(CURVE + [point], "dense"), [])

    def test_one_point_is_no_curve(self):
        self.assertEqual(equal_quality.savings([CURVE[0], ("gated", 1.0, 20.0)], "dense"), [])


if __name__ == "__main__":
    unittest.main()
