"""Mutual information on loads whose answers can be told by heart."""

import unittest

import numpy as np
import xarray as xr

import expert_information as experts


def trials_of(load, **columns):
    """A dataset as `open_trials` gives it."""
    data = {f"expert_load_{e}": ("row", column) for e, column in enumerate(np.asarray(load, float).T)}
    return xr.Dataset(data | {name: ("row", np.asarray(values)) for name, values in columns.items()})


class ExpertInformation(unittest.TestCase):
    def test_an_expert_per_group_tells_all(self):
        load = np.eye(2)[[0, 1, 0, 1]]
        self.assertAlmostEqual(experts.information(load, np.array([5, 7, 5, 7])), np.log(2))

    def test_equal_loads_tell_nothing(self):
        self.assertAlmostEqual(experts.information(np.full((4, 3), 1 / 3), np.array([0, 0, 1, 1])), 0)

    def test_groups_that_share_the_same_mean_tell_nothing(self):
        load = np.eye(2)[[0, 1, 0, 1]]
        self.assertAlmostEqual(experts.information(load, np.array([1, 1, 2, 2])), 0)

    def test_a_binary_channel(self):
        # Each group goes to its expert in three of four visits: capacity of a binary symmetric channel of 1/4.
        load = np.array([[0.75, 0.25], [0.25, 0.75]])
        expected = np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
        self.assertAlmostEqual(experts.information(load, np.array([0, 1])), expected)

    def test_chance_is_what_few_trials_leave(self):
        load = np.random.default_rng(1).dirichlet([1, 1, 1], 300)
        group = np.arange(300) % 10
        self.assertLess(abs(experts.information(load, group) - experts.by_chance(load, group)), 0.01)

    def test_groups_are_found(self):
        load = np.eye(2)[[0, 1, 0, 1]]
        trials = trials_of(load, snr_drawn_db=[0.1, 1.9, 2.1, 9], label=[0, 1, 0, 1], sample_id=[4, 5, 4, 5])
        groups = experts.known_groups(trials)
        np.testing.assert_array_equal(groups["SNR in bins of 2 dB"], [0, 0, 1, 4])
        self.assertEqual(list(groups), ["SNR in bins of 2 dB", "class", "image"])
        self.assertEqual(list(experts.known_groups(trials.assign(label=-trials.label - 1, sample_id=("row", range(4))))),
                         ["SNR in bins of 2 dB"])

    def test_trials_without_experts_are_refused(self):
        with self.assertRaisesRegex(ValueError, "expert_load_0"):
            experts.loads(xr.Dataset({"label": ("row", [1])}))

    def test_more_experts_than_recorded_are_refused(self):
        with self.assertRaisesRegex(ValueError, "sum to one"):
            experts.loads(trials_of([[0.5, 0.4]]))


if __name__ == "__main__":
    unittest.main()
