"""Curves of trainings, joined and written as a table."""

import tempfile
import unittest
from pathlib import Path

import h5py
import matplotlib.pyplot as plt

import training_curve


def write_network(path, images, psnr, accuracy=None):
    with h5py.File(path, "w") as file:
        curve = file.create_group("curve")
        curve["condition"] = ["width 4 at 1 dB", "width 8 at 4 dB"]
        curve["images"] = images
        curve["seconds"] = [2.0 * n for n in images]
        curve["loss"] = [0.5] * len(images)
        curve["validation_psnr_db"] = psnr
        if accuracy is not None:
            curve["validation_accuracy"] = accuracy


class TrainingCurve(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.first, self.second = self.path("first.h5"), self.path("second.h5")
        write_network(self.first, [100, 200], [[20, 22], [21, 23]])
        write_network(self.second, [50], [[22, 24]])

    def path(self, name):
        return str(Path(self.folder.name) / name)

    def test_a_later_training_counts_on(self):
        rows = training_curve.joined([self.first, self.second])
        self.assertEqual([row["training"] for row in rows], ["first", "first", "second"])
        self.assertEqual([row["images"] for row in rows], [100, 200, 250])
        self.assertEqual(rows[-1]["seconds"], 500)
        self.assertEqual(rows[-1]["psnr_db width 8 at 4 dB"], 24)

    def test_a_table_can_be_gone_on_with(self):
        table = self.path("curve.csv")
        training_curve.write_table(training_curve.joined([self.first]), table)
        self.assertEqual(training_curve.joined([table, self.second]), training_curve.joined([self.first, self.second]))

    def test_every_condition_is_drawn_in_every_training(self):
        ax = plt.subplots()[1]
        training_curve.draw(ax, training_curve.joined([self.first, self.second]), "psnr_db ", "PSNR (dB)")
        curves = [line for line in ax.get_lines() if len(line.get_xdata()) and line.get_color() != "0.7"]
        self.assertEqual(len(curves), 4)
        self.assertEqual([text.get_text() for text in ax.texts], ["second"])

    def test_classifiers_have_accuracies_and_no_psnr(self):
        nothing = float("nan")
        write_network(self.first, [100], [[nothing, nothing]], [[0.5, 0.75]])
        row = training_curve.joined([self.first])[0]
        self.assertEqual(row["accuracy width 8 at 4 dB"], 75)
        self.assertFalse(any(name.startswith("psnr_db") for name in row))
        table = self.path("curve.csv")
        training_curve.write_table([row], table)
        self.assertEqual(training_curve.joined([table]), [row])

    def test_a_file_without_a_curve_is_refused(self):
        with h5py.File(self.path("none.h5"), "w"):
            pass
        with self.assertRaisesRegex(ValueError, "no /curve"):
            training_curve.joined([self.path("none.h5")])


if __name__ == "__main__":
    unittest.main()
