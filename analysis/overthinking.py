#!/usr/bin/env python3
"""How often does a network go on past its best output? (Row D12 of the survey's taxonomy, for images.)

    semlink run scenarios/depths.ini --record.trials=all && python3 analysis/overthinking.py results/depths.h5

For each point of the other axes: the share of images that some earlier exit shows better than the last one, what stopping each image at
its best exit would gain in dB on the average, and how deep those exits lie. It takes the same images and noise at every depth
(`run.common_random`, the default).
"""

import argparse

import numpy as np

from semlink_results import axes, open_result, open_trials

DEPTH = "gate_depth"


def psnr_by_depth(result, trials):
    """PSNR of every trial, an array over the axes of the result, the depth last but one, and the trials; NaN where none ran."""
    names = axes(result)
    if DEPTH not in names or result.sizes[DEPTH] < 2:
        raise ValueError("expected a sweep over gate.depth")
    psnr = np.full((result.num_trials.size, int(trials.trial.max()) + 1), np.nan)
    psnr[trials.point.values, trials.trial.values] = trials.psnr_db.values
    psnr = psnr.reshape(*result.num_trials.shape, -1)
    order = np.argsort(result[DEPTH].values)
    return np.moveaxis(np.take(psnr, order, axis=names.index(DEPTH)), names.index(DEPTH), -2)


def overthinking(psnr, depths):
    """Share of trials with a better output before the last, mean gain of the best exit over the last in dB, its mean depth.

    `psnr` is [..., num_depths, num_trials], `depths` ascending. Among equal outputs the earliest counts as the best exit.
    """
    psnr = psnr[..., ~np.isnan(psnr).any(axis=tuple(range(psnr.ndim - 1)))]
    best, last = psnr.max(axis=-2), psnr[..., -1, :]
    depth = np.asarray(depths)[np.argmax(psnr, axis=-2)]
    return (best > last).mean(axis=-1), (best - last).mean(axis=-1), depth.mean(axis=-1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="result of a sweep over gate.depth with record.trials = all")
    path = parser.parse_args().result
    result = open_result(path)
    share, gain_db, depth = overthinking(psnr_by_depth(result, open_trials(path)), np.sort(result[DEPTH].values))
    others = [name for name in axes(result) if name != DEPTH]
    print("  ".join(others + ["better early", "gain of the best exit", "its mean depth"]))
    for index in np.ndindex(*(result.sizes[name] for name in others)):
        place = "  ".join(f"{result[name].values[i]!s:>{len(name)}}" for name, i in zip(others, index))
        print(f"{place}  {100 * share[index]:10.1f} %  {gain_db[index]:18.3f} dB  {depth[index]:14.2f}")


if __name__ == "__main__":
    main()
