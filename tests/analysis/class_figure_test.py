"""A result of a classifier is drawn with its accuracy and without the image quality it has not."""

import unittest

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import figures


def classifier_result():
    snr_db = [0.0, 10.0, 20.0]
    metrics = {"accuracy": [0.3, 0.6, 0.7], "decoder_depth": [3, 2, 1], "encoder_depth": [3, 3, 3],
               "decoder_macs": [3e6, 2e6, 1e6], "encoder_macs": [9e6] * 3, "bandwidth_ratio": [0.01] * 3,
               "bandwidth_ratio_total": [0.02] * 3, "num_trials": [100] * 3}
    return xr.Dataset({name: ("channel_snr_db", np.asarray(values, float)) for name, values in metrics.items()},
                      coords={"channel_snr_db": snr_db})


class ClassFigure(unittest.TestCase):
    def test_accuracy_takes_the_place_of_image_quality(self):
        figure = figures.overview(classifier_result())
        self.addCleanup(plt.close, figure)
        self.assertEqual([ax.get_title(loc="left") for ax in figure.axes], ["Classes", "Depth", "Compute", "Bandwidth ratio"])
        np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [30, 60, 70])

    def test_both_tasks_have_five_panels(self):
        figure = figures.overview(classifier_result().assign(psnr_db=("channel_snr_db", [20.0, 25.0, 30.0])))
        self.addCleanup(plt.close, figure)
        self.assertEqual([ax.get_title(loc="left") for ax in figure.axes],
                         ["Quality", "Classes", "Depth", "Compute", "Bandwidth ratio"])


if __name__ == "__main__":
    unittest.main()
