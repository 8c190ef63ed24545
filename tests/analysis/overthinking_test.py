"""The overthinking statistic on trials whose answers can be told by heart."""

import unittest

import numpy as np
import xarray as xr

import overthinking


def small_sweep():
    """Two SNRs by three depths, listed out of order, of two trials each: row by row as a result holds them."""
    psnr = {(0, 3): [30, 20], (0, 1): [25, 22], (0, 2): [28, 21], (5, 3): [40, 40], (5, 1): [30, 30], (5, 2): [35, 40]}
    result = xr.Dataset({"num_trials": (("channel_snr_db", "gate_depth"), np.full((2, 3), 2))},
                        coords={"channel_snr_db": [0, 5], "gate_depth": [3, 1, 2]})
    rows = [(point, trial, values[trial]) for point, values in enumerate(psnr.values()) for trial in (0, 1)]
    point, trial, value = zip(*rows)
    return result, xr.Dataset({"point": ("row", list(point)), "trial": ("row", list(trial)),
                               "psnr_db": ("row", [float(v) for v in value])})


class Overthinking(unittest.TestCase):
    def test_trials_are_sorted_by_depth(self):
        psnr = overthinking.by_depth(*small_sweep(), "psnr_db")
        np.testing.assert_array_equal(psnr[0], [[25, 22], [28, 21], [30, 20]])

    def test_share_gain_and_depth(self):
        share, gain_db, depth = overthinking.overthinking(overthinking.by_depth(*small_sweep(), "psnr_db"), [1, 2, 3])
        np.testing.assert_array_equal(share, [0.5, 0])  # 22 dB at depth 1 against 20 dB at the end
        np.testing.assert_array_equal(gain_db, [1, 0])
        np.testing.assert_array_equal(depth, [2, 2.5])  # equal outputs: the earlier one

    def test_trials_that_some_depth_lacks_are_left_out(self):
        psnr = overthinking.by_depth(*small_sweep(), "psnr_db")
        psnr[1, 2, 0] = np.nan
        share, _, depth = overthinking.overthinking(psnr, [1, 2, 3])
        np.testing.assert_array_equal(share, [1, 0])
        np.testing.assert_array_equal(depth, [1, 2])

    def test_classes_right_early_and_wrong_late(self):
        # Of four samples one is right throughout, one only early, one only at the end, one never.
        correct = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0]], float)
        early, last, ever = overthinking.class_overthinking(correct)
        self.assertEqual((early, last, ever), (0.25, 0.5, 0.75))

    def test_a_result_without_depths_is_refused(self):
        result, trials = small_sweep()
        with self.assertRaisesRegex(ValueError, "gate.depth"):
            overthinking.by_depth(result.isel(gate_depth=[0]), trials, "psnr_db")


if __name__ == "__main__":
    unittest.main()
