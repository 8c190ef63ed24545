"""A real result opens with both engines that xarray has for HDF5, and both see the same.

    engines_test.py RESULT
"""

import sys
import unittest

import numpy as np
import xarray as xr

import semlink_results

RESULT = sys.argv.pop(1)


class Engines(unittest.TestCase):
    def test_both_read_the_same(self):
        with xr.open_dataset(RESULT, engine="h5netcdf") as one, xr.open_dataset(RESULT, engine="netcdf4") as other:
            self.assertEqual(set(one.variables), set(other.variables))
            for name in one.variables:
                self.assertEqual(one[name].dims, other[name].dims, name)
                np.testing.assert_array_equal(one[name].values, other[name].values, err_msg=name)

    def test_axes_are_coordinates_in_the_order_of_the_scenario(self):
        result = semlink_results.open_result(RESULT)
        self.assertEqual(semlink_results.axes(result), ["channel_model", "channel_snr_db"])
        self.assertEqual(list(result.channel_model.values), ["awgn", "rayleigh"])
        np.testing.assert_allclose(result.channel_snr_db.values, np.arange(-5, 20.1, 2.5), rtol=0, atol=1e-9)
        self.assertEqual(result.channel_snr_db.attrs["units"], "dB")

    def test_every_interval_holds_its_value(self):
        result = semlink_results.open_result(RESULT)
        with_interval = [name for name in result if f"{name}_ci95_low" in result]
        self.assertIn("psnr_db", with_interval)
        for name in with_interval:
            low, high = semlink_results.interval(result, name)
            rounding = 1e-9 * np.abs(result[name])
            self.assertTrue(((low <= result[name] + rounding) & (result[name] <= high + rounding)).all(), name)

    def test_what_every_metric_is_stands_beside_it(self):
        result = semlink_results.open_result(RESULT)
        for name in ("psnr_db", "decoder_depth", "decoder_macs", "bandwidth_ratio", "header_error_rate"):
            self.assertTrue(result[name].attrs["units"] and result[name].attrs["long_name"], name)


if __name__ == "__main__":
    unittest.main()
