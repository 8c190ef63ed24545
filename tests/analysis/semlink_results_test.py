"""The reader on small data sets whose answers can be told by heart."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import xarray as xr

import semlink_results


def small_result():
    """Two channels by three SNRs; psnr_db is 10 x channel + SNR index; the last point did not run."""
    psnr = np.add.outer([0.0, 10.0], [0.0, 1.0, 2.0])
    axes = ("channel_model", "channel_snr_db")
    return xr.Dataset(
        {"psnr_db": (axes, psnr), "psnr_db_ci95_low": (axes, psnr - 0.5), "psnr_db_ci95_high": (axes, psnr + 0.25),
         "num_trials": (axes, np.array([[7, 7, 7], [7, 7, 0]]))},
        coords={"channel_model": ["awgn", "rayleigh"], "channel_snr_db": [-2.5, 0.0, 2.5]})


class OpenResult(unittest.TestCase):
    def written(self, data):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "result.h5"
        data.to_netcdf(path, engine="h5netcdf")
        return path

    def test_points_that_did_not_run_hold_nan(self):
        result = semlink_results.open_result(self.written(small_result()))
        self.assertTrue(np.isnan(result.psnr_db.values[1, 2]))
        self.assertEqual(np.isnan(result.psnr_db.values).sum(), 1)

    def test_another_kind_of_file_is_refused(self):
        with self.assertRaisesRegex(ValueError, "num_trials"):
            semlink_results.open_result(self.written(xr.Dataset({"loss": ("step", [1.0, 0.5])})))


def zipped_result():
    """Two gates by three pairs of SNR and model that run together."""
    psnr = np.add.outer([0.0, 10.0], [0.0, 1.0, 2.0])
    axes = ("gate_depth", "zip_1")
    return xr.Dataset(
        {"psnr_db": (axes, psnr), "num_trials": (axes, np.full((2, 3), 7))},
        coords={"gate_depth": [1, 6], "zip_1": [0, 1, 2], "channel_snr_db": ("zip_1", [-2.5, 0.0, 2.5]),
                "channel_model": ("zip_1", ["awgn", "rayleigh", "rician"])})


class ZippedAxes(unittest.TestCase):
    def test_values_on_any_of_them_select(self):
        part = semlink_results.select(zipped_result(), channel_model="rayleigh", gate_depth=6)
        self.assertEqual(part.psnr_db.item(), 11)
        self.assertEqual(semlink_results.point_index(zipped_result(), channel_snr_db=2.5, gate_depth=1), 2)

    def test_curves_run_along_any_of_them(self):
        curves = semlink_results.curves(zipped_result(), "psnr_db", along="channel_snr_db")
        self.assertEqual([curve.label for curve in curves], ["gate_depth 1", "gate_depth 6"])
        np.testing.assert_array_equal(curves[1].x, [-2.5, 0.0, 2.5])

    def test_labels_name_the_values_and_not_their_number(self):
        curves = semlink_results.curves(zipped_result(), "psnr_db", along="gate_depth")
        self.assertEqual(curves[0].label, "channel_snr_db -2.5, channel_model awgn")


class Select(unittest.TestCase):
    def test_takes_words_and_numbers_as_text(self):
        part = semlink_results.select(small_result(), channel_model="rayleigh", channel_snr_db="0")
        self.assertEqual(part.psnr_db.item(), 11)

    def test_names_the_known_values(self):
        with self.assertRaisesRegex(KeyError, "awgn rayleigh"):
            semlink_results.select(small_result(), channel_model="rician")

    def test_names_the_known_axes(self):
        with self.assertRaisesRegex(KeyError, "channel_model channel_snr_db"):
            semlink_results.select(small_result(), snr=0)

    def test_point_numbers_count_with_the_last_axis_fastest(self):
        result = small_result()
        self.assertEqual(semlink_results.point_index(result, channel_model="awgn", channel_snr_db=2.5), 2)
        self.assertEqual(semlink_results.point_index(result, channel_model="rayleigh", channel_snr_db=-2.5), 3)

    def test_a_point_needs_every_axis(self):
        with self.assertRaisesRegex(ValueError, "channel_snr_db"):
            semlink_results.point_index(small_result(), channel_model="awgn")


class Curves(unittest.TestCase):
    def test_one_curve_per_value_of_the_other_axis(self):
        awgn, rayleigh = semlink_results.curves(small_result(), "psnr_db", "channel_snr_db")
        self.assertEqual((awgn.label, rayleigh.label), ("awgn", "rayleigh"))
        np.testing.assert_array_equal(awgn.x, [-2.5, 0, 2.5])
        np.testing.assert_array_equal(rayleigh.low, [9.5, 10.5, 11.5])
        np.testing.assert_array_equal(rayleigh.high, [10.25, 11.25, 12.25])

    def test_points_that_did_not_run_are_left_out(self):
        data = small_result()
        data["psnr_db"] = data.psnr_db.where(data.num_trials > 0)
        rayleigh = semlink_results.curves(data, "psnr_db", "channel_snr_db")[1]
        np.testing.assert_array_equal(rayleigh.y, [10, 11])

    def test_a_metric_without_interval_has_nan_ends(self):
        curve = semlink_results.curves(small_result().drop_vars("psnr_db_ci95_low"), "psnr_db", "channel_snr_db")[0]
        self.assertTrue(np.isnan(curve.low).all())

    def test_keys_swept_together_are_named_by_both(self):
        data = xr.Dataset({"ssim": (("zip_1", "channel_snr_db"), [[1.0, 2.0], [3.0, 4.0]])},
                          coords={"codec_keep_ratio": ("zip_1", [0.5, 1.0]), "gate_policy": ("zip_1", ["a", "b"]),
                                  "channel_snr_db": [0.0, 5.0]})
        labels = [curve.label for curve in semlink_results.curves(data, "ssim", "channel_snr_db")]
        self.assertEqual(labels, ["codec_keep_ratio 0.5, gate_policy a", "codec_keep_ratio 1, gate_policy b"])


if __name__ == "__main__":
    unittest.main()
