"""The figure that `scenarios/run.sh` drew, and that what it draws is what the result holds.

    figure_test.py RESULT
"""

import sys
import unittest
from pathlib import Path

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import figures
import semlink_results

RESULT = Path(sys.argv.pop(1))


class Figure(unittest.TestCase):
    def setUp(self):
        self.result = semlink_results.open_result(RESULT)
        self.figure = figures.overview(self.result)
        self.addCleanup(plt.close, self.figure)

    def test_lies_beside_the_result(self):
        image = matplotlib.image.imread(RESULT.with_suffix(".png"))
        self.assertGreater(image.shape[1], 800)
        self.assertLess(image[..., :3].min(), 0.5, "the page is empty")

    def test_draws_the_numbers_of_the_file(self):
        quality = self.figure.axes[0]
        for line, channel in zip(quality.lines, self.result.channel_model.values):
            expected = semlink_results.select(self.result, channel_model=channel)
            np.testing.assert_array_equal(line.get_ydata(), expected.psnr_db.values)
            np.testing.assert_array_equal(line.get_xdata(), expected.channel_snr_db.values)

    def test_names_every_curve_and_both_axes(self):
        for ax in self.figure.axes:
            self.assertTrue(ax.get_xlabel() and ax.get_ylabel())
            self.assertEqual(len(ax.texts), len(ax.lines))
            for channel in self.result.channel_model.values:
                self.assertTrue(any(channel in text.get_text() for text in ax.texts), f"{channel} in {ax.get_title()}")

    def test_names_do_not_touch(self):
        self.figure.canvas.draw()
        for ax in self.figure.axes:
            self.assertLess(ax.xaxis.label.get_window_extent().width, self.figure.bbox.width / 2)
            boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
            for below, above in zip(boxes, boxes[1:]):
                self.assertGreaterEqual(above.y0, below.y1 - 1, ax.get_title(loc="left"))


class ManyCurves(unittest.TestCase):
    """Eight curves, more than a panel has room to name."""

    def setUp(self):
        self.names = [f"channel_{i}" for i in range(8)]
        self.figure = self.figure_of(self.names)

    def figure_of(self, names):
        one = semlink_results.open_result(RESULT).isel(channel_model=[0])
        many = xr.concat([one.assign_coords(channel_model=[name]) for name in names], "channel_model",
                         data_vars="minimal", coords="minimal", compat="override")
        figure = figures.overview(many)
        self.addCleanup(plt.close, figure)
        return figure

    def test_share_one_legend_below_the_panels(self):
        self.figure.canvas.draw()
        self.assertEqual([ax.get_legend() for ax in self.figure.axes], [None] * len(self.figure.axes))
        (legend,) = self.figure.legends
        self.assertEqual([text.get_text() for text in legend.get_texts()], self.names)
        for ax in self.figure.axes:
            self.assertEqual(len(ax.texts), 0)
            self.assertGreaterEqual(ax.get_tightbbox().y0, legend.get_window_extent().y1 - 1)

    def test_long_names_stay_on_the_page(self):
        figure = self.figure_of([f"{name} of a name that takes a good part of the width of a page" for name in self.names])
        figure.canvas.draw()
        extent = figure.legends[0].get_window_extent()
        self.assertGreaterEqual(extent.x0, 0)
        self.assertLessEqual(extent.x1, figure.bbox.width)

    def test_differ_in_colour_or_marker(self):
        looks = {(line.get_color(), line.get_marker()) for line in self.figure.axes[0].lines}
        self.assertEqual(len(looks), len(self.names))


class AxesThatRunTogether(unittest.TestCase):
    def test_show_what_is_set_at_every_place(self):
        one = semlink_results.open_result(RESULT).isel(channel_model=0, drop=True)
        snrs = one.channel_snr_db.values
        rules = ["fixed" if place % 2 else "least_gain" for place in range(snrs.size)]
        together = one.rename(channel_snr_db="zip_1").assign_coords(
            zip_1=np.arange(snrs.size), channel_snr_db=("zip_1", snrs), codec_rate=("zip_1", rules),
            codec_patch=("zip_1", np.full(snrs.size, 4)))
        together.codec_rate.attrs["key"] = "codec.rate"
        figure = figures.overview(together)
        self.addCleanup(plt.close, figure)
        figure.canvas.draw()
        for ax in figure.axes:
            ticks = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
            self.assertEqual(ticks, [f"channel_snr_db {snr:g}, rate {rule}" for snr, rule in zip(snrs, rules)])


if __name__ == "__main__":
    unittest.main()
