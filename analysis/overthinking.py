#!/usr/bin/env python3
"""How often does a network go on past its best output? (Row D12 of the survey's taxonomy.)

    semlink run scenarios/depths.ini --record.trials=all && python3 analysis/overthinking.py results/depths.h5

For each point of the other axes: the share of images that some earlier exit shows better than the last one, what stopping each image at
its best exit would gain in dB on the average, and how deep those exits lie. Where the network tells classes: the share of samples right at
some earlier exit and wrong at the last one, right at the last one, and right at any. It takes the same samples and noise at
every depth (`run.common_random`, the default).
"""

import argparse

import numpy as np

from semlink_results import axes, open_result, open_trials

DEPTH = "gate_depth"


def by_depth(result, trials, name):
    """A variable of every trial, an array over the axes of the result, the depth last but one, and the trials; NaN where none ran."""
    names = axes(result)
    if DEPTH not in names or result.sizes[DEPTH] < 2:
        raise ValueError("expected a sweep over gate.depth")
    values = np.full((result.num_trials.size, int(trials.trial.max()) + 1), np.nan)
    values[trials.point.values, trials.trial.values] = trials[name].values
    values = values.reshape(*result.num_trials.shape, -1)
    order = np.argsort(result[DEPTH].values)
    return np.moveaxis(np.take(values, order, axis=names.index(DEPTH)), names.index(DEPTH), -2)


def measured(values):
    """The trials that every depth has."""
    return values[..., ~np.isnan(values).any(axis=tuple(range(values.ndim - 1)))]


def overthinking(psnr, depths):
    """Share of trials with a better output before the last, mean gain of the best exit over the last in dB, its mean depth.

    `psnr` is [..., num_depths, num_trials], `depths` ascending. Among equal outputs the earliest counts as the best exit.
    """
    psnr = measured(psnr)
    best, last = psnr.max(axis=-2), psnr[..., -1, :]
    depth = np.asarray(depths)[np.argmax(psnr, axis=-2)]
    return (best > last).mean(axis=-1), (best - last).mean(axis=-1), depth.mean(axis=-1)


def class_overthinking(correct):
    """Shares of samples: right early but wrong at the last exit, right at the last exit, right at any exit.

    `correct` is [..., num_depths, num_trials], 1 for the right class.
    """
    correct = measured(correct) > 0
    last, ever = correct[..., -1, :], correct.any(axis=-2)
    return (ever & ~last).mean(axis=-1), last.mean(axis=-1), ever.mean(axis=-1)


def print_table(result, heads, columns):
    """One line per point of the axes other than the depth; `columns` are (format, array over those points)."""
    others = [name for name in axes(result) if name != DEPTH]
    print("  ".join(others + heads))
    for index in np.ndindex(*(result.sizes[name] for name in others)):
        place = [f"{result[name].values[i]!s:>{len(name)}}" for name, i in zip(others, index)]
        cells = [f"{form.format(values[index]):>{len(head)}}" for head, (form, values) in zip(heads, columns)]
        print("  ".join(place + cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="result of a sweep over gate.depth with record.trials = all")
    path = parser.parse_args().result
    result, trials = open_result(path), open_trials(path)
    if trials.psnr_db.notnull().any():
        share, gain_db, depth = overthinking(by_depth(result, trials, "psnr_db"), np.sort(result[DEPTH].values))
        print_table(result, ["better early", "gain of the best exit", "its mean depth"],
                    [("{:.1%}", share), ("{:.3f} dB", gain_db), ("{:.2f}", depth)])
    if trials.correct.notnull().any():
        shares = class_overthinking(by_depth(result, trials, "correct"))
        print_table(result, ["right early, wrong late", "right at last", "right at any exit"],
                    [("{:.1%}", share) for share in shares])


if __name__ == "__main__":
    main()
