"""Fronts and savings of points whose answers can be told by heart."""

import unittest

import numpy as np
import xarray as xr

import pareto

POINTS = [("dense", 10.0, 20.0), ("dense", 40.0, 26.0), ("gated", 15.0, 24.0), ("gated", 18.0, 26.0), ("gated", 50.0, 25.0)]


class Pareto(unittest.TestCase):
    def test_front_has_what_nothing_beats(self):
        self.assertEqual(pareto.pareto_front(POINTS), [("dense", 10.0, 20.0), ("gated", 15.0, 24.0), ("gated", 18.0, 26.0)])

    def test_of_equal_cost_the_better_is_on_the_front(self):
        self.assertEqual(pareto.pareto_front([("a", 1.0, 2.0), ("b", 1.0, 3.0)]), [("b", 1.0, 3.0)])

    def test_saving_is_against_the_best_of_the_reference(self):
        self.assertEqual(pareto.saving(POINTS, "dense"), (("dense", 40.0, 26.0), ("gated", 18.0, 26.0)))
        self.assertIsNone(pareto.saving(POINTS, "experts"))

    def test_the_reference_itself_may_be_the_cheapest(self):
        self.assertEqual(pareto.saving(POINTS[:2], "dense")[1], ("dense", 40.0, 26.0))

    def test_points_are_read_from_a_result(self):
        shape = (2, 2)
        dims = ("codec_weights", "channel_snr_db")
        result = xr.Dataset({"num_trials": (dims, np.full(shape, 3)),
                             pareto.QUALITY: (dims, [[20.0, 25.0], [21.0, np.nan]]),
                             "encoder_macs": (dims, np.full(shape, 2e6)), "decoder_macs": (dims, np.full(shape, 3e6))},
                            coords={"codec_weights": ["x/small.h5", "x/large.h5"], "channel_snr_db": [1.0, 7.0]})
        cut = pareto.panels(result, "total")
        self.assertEqual([title for title, _ in cut], ["1 dB", "7 dB"])
        self.assertEqual(pareto.points_of(cut[0][1], "codec_weights", "total"), [("small", 5.0, 20.0), ("large", 5.0, 21.0)])
        self.assertEqual(pareto.points_of(cut[1][1], "codec_weights", "receiver"), [("small", 3.0, 25.0)])

    def test_channel_uses_are_compared_across_bandwidth_ratios_and_nothing_else_is(self):
        dims = ("codec_weights", "codec_bandwidth_ratio", "channel_snr_db")
        shape = (1, 2, 1)
        result = xr.Dataset({"num_trials": (dims, np.full(shape, 3)), pareto.QUALITY: (dims, [[[20.0], [22.0]]]),
                             "encoder_macs": (dims, np.full(shape, 2e6)), "decoder_macs": (dims, np.full(shape, 3e6)),
                             "bandwidth_ratio_total": (dims, [[[0.1], [0.2]]])},
                            coords={"codec_weights": ["dense.h5"], "codec_bandwidth_ratio": [1 / 12, 1 / 6],
                                    "channel_snr_db": [7.0]})
        apart = pareto.panels(result, "transmitter")
        self.assertEqual([title for title, _ in apart], ["7 dB, k/n 0.0833", "7 dB, k/n 0.167"])
        self.assertEqual([pareto.points_of(part, "codec_weights", "transmitter") for _, part in apart],
                         [[("dense", 2.0, 20.0)], [("dense", 2.0, 22.0)]])
        (title, together), = pareto.panels(result, "uses")
        self.assertEqual(title, "7 dB")
        self.assertEqual(pareto.points_of(together, "codec_weights", "uses"), [("dense", 0.1, 20.0), ("dense", 0.2, 22.0)])
        figure = pareto.figure_of(result, "codec_weights", ["transmitter", "uses"])
        drawn = [ax.get_xlabel() for ax in figure.axes if ax.axison]
        self.assertEqual(drawn, [pareto.COSTS["transmitter"].label, pareto.COSTS["uses"].label, pareto.COSTS["transmitter"].label])

    def test_all_points_are_drawn_and_lines_follow_the_front_of_each_series(self):
        ax = pareto.plt.figure().subplots()
        pareto.draw(ax, POINTS, "", "total", pareto.styles(["dense", "gated"]))
        drawn = {(line.get_linestyle(), tuple(line.get_xdata())) for line in ax.lines}
        self.assertLessEqual({("None", (10.0, 40.0)), ("None", (15.0, 18.0, 50.0)), (":", (10.0, 40.0)), (":", (15.0, 18.0))}, drawn)
        ax = pareto.plt.figure().subplots()
        pareto.draw(ax, POINTS, "", "uses", pareto.styles(["dense", "gated"]))
        self.assertNotIn(":", {line.get_linestyle() for line in ax.lines})

    def test_families_share_a_colour_and_members_differ_in_marker(self):
        style = pareto.styles(["dense_small", "dense_large", "experts_hash"])
        self.assertEqual(style["dense_small"][0], style["dense_large"][0])
        self.assertNotEqual(style["dense_small"][1], style["dense_large"][1])
        self.assertNotEqual(style["dense_small"][0], style["experts_hash"][0])

    def test_members_of_a_single_family_have_a_colour_each(self):
        style = pareto.styles(["depth_skip", "depth_mod"])
        self.assertNotEqual(style["depth_skip"][0], style["depth_mod"][0])


if __name__ == "__main__":
    unittest.main()
