#!/usr/bin/env python3
"""What do experts specialise on: the channel, the class, or the single image? (Row M11 of the survey's taxonomy.)

    semlink run EXPERTS.ini --record.trials=all && python3 analysis/expert_information.py RESULT.h5

Mutual information, in nats, between the expert that a visit goes to and something known of the trial, from the loads that every trial
recorded: I(E; S) = H(mean load) - sum over s of P(s) H(mean load given s). S is the SNR of the frame in bins, the class, and the image
itself, for images without classes too. It is between 0 (all alike) and the entropy H(E) of the experts, which is shown beside it.

A finite number of trials per group leaves a bias upwards: the same figure after the loads were dealt out anew at random is shown in
brackets, and only what exceeds it is information.
"""

import argparse

import numpy as np

from semlink_results import open_trials


def loads(trials):
    """Load of every expert in every trial, [trials, experts], and which trials have one. Loads of a trial sum to one."""
    names = [name for name in trials.data_vars if name.startswith("expert_load_")]
    if not names:
        raise ValueError("no expert_load_0 in /trials: expected a run with experts and record.trials = all")
    names.sort(key=lambda name: int(name.rsplit("_", 1)[1]))
    load = np.stack([trials[name].values for name in names], axis=-1)
    measured = ~np.isnan(load[:, 0])
    load = np.nan_to_num(load)
    if not np.allclose(load[measured].sum(axis=1), 1, atol=1e-6):
        raise ValueError("the loads of a trial do not sum to one: it has more experts than are recorded")
    return load, measured


def entropy(shares):
    """In nats, over the last dimension; shares sum to one."""
    return -np.sum(np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0), axis=-1)


def information(load, group):
    """I(E; group) in nats; `load` [trials, experts], `group` one label per trial."""
    _, number, count = np.unique(group, return_inverse=True, return_counts=True)
    sums = np.zeros((count.size, load.shape[1]))
    np.add.at(sums, number, load)
    within = np.sum(count * entropy(sums / count[:, None])) / count.sum()
    return entropy(load.mean(axis=0)) - within


def by_chance(load, group, rounds=20, seed=1):
    """Mean of the same figure over random pairings of loads and labels."""
    rng = np.random.default_rng(seed)
    return np.mean([information(rng.permutation(load), group) for _ in range(rounds)])


def known_groups(trials, bin_db=2.0):
    """What a trial may be told apart by: its name and one label per trial."""
    groups = {f"SNR in bins of {bin_db:g} dB": np.floor(trials.snr_drawn_db.values / bin_db)}
    if (trials.label.values >= 0).any():
        groups["class"] = trials.label.values
    if np.unique(trials.sample_id.values).size < trials.sizes["row"]:
        groups["image"] = trials.sample_id.values
    return groups


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="result of a run with experts and record.trials = all")
    parser.add_argument("--bin", type=float, default=2.0, help="width of the SNR's bins in dB")
    arguments = parser.parse_args()
    trials = open_trials(arguments.result)
    load, measured = loads(trials)
    load = load[measured]
    print(f"{load.shape[0]} trials, {load.shape[1]} experts, entropy of the mean load {entropy(load.mean(axis=0)):.4f} nats")
    for name, group in known_groups(trials, arguments.bin).items():
        group = group[measured]
        print(f"expert and {name}: {information(load, group):.4f} nats ({by_chance(load, group):.4f} by chance)")


if __name__ == "__main__":
    main()
