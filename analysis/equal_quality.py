#!/usr/bin/python3
"""What does a network save against another at equal quality, and gain at equal cost?

    build/semlink run scenarios/comparison/rates.ini
    python3 analysis/equal_quality.py results/rates.h5 --reference dense_even

The reference is a curve: its points of one SNR, from the cheapest to the best, those that another makes useless left out. Between two of
them images take turns, so that cost and squared error are means of theirs. Every point of the other series whose cost and quality lie on
that curve is held against it. One row per point; the last line counts those that save.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pareto import COSTS, panels, pareto_front, points_of
from semlink_results import axes, open_result


@dataclass
class Saving:
    """A point against the reference."""
    name: str
    cost: float
    psnr_db: float
    gain_db: float  # over the reference at this cost
    saved: float  # share of the reference's cost at this quality


def mse(psnr_db):
    return 10.0 ** (-np.asarray(psnr_db) / 10)


def savings(points, reference):
    """What the points of other series save; those off the reference's curve are left out. `points` as `pareto.points_of` gives them."""
    curve = pareto_front([p for p in points if p[0] == reference])
    if len(curve) < 2:
        return []
    costs, errors = np.array([p[1] for p in curve]), mse([p[2] for p in curve])
    found = []
    for name, cost, psnr_db in points:
        error = mse(psnr_db)
        if name == reference or not costs[0] <= cost <= costs[-1] or not errors[-1] <= error <= errors[0]:
            continue
        at_cost = np.interp(cost, costs, errors)
        at_quality = np.interp(-error, -errors, costs)
        found.append(Saving(name, cost, psnr_db, float(10 * np.log10(at_cost / error)), float(1 - cost / at_quality)))
    return found


def print_savings(result, series, cost, reference):
    print(f"{'':>8}  {'':>20}  {cost:>8}  {'PSNR dB':>8}  {'gain dB':>8}  {'saved':>8}")
    everything = []
    for title, part in panels(result, cost):
        for saving in savings(points_of(part, series, cost), reference):
            everything.append(saving)
            print(f"{title:>8}  {saving.name:>20}  {saving.cost:8.4g}  {saving.psnr_db:8.2f}  {saving.gain_db:+8.2f}  {100 * saving.saved:+6.1f} %")
    for name in dict.fromkeys(saving.name for saving in everything):
        mine = [saving.saved for saving in everything if saving.name == name]
        print(f"{name}: saves at {sum(s > 0 for s in mine)} of {len(mine)} points, {100 * np.mean(mine):+.1f} % on average")
    if not everything:
        raise ValueError(f"--reference {reference}: no point of another series lies on its curve")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="file that `semlink run` wrote")
    parser.add_argument("--series", default="codec.weights", help="axis whose values are told apart")
    parser.add_argument("--cost", choices=COSTS, default="uses", help="what is paid")
    parser.add_argument("--reference", required=True, help="name of the series that the others are held against")
    return parser.parse_args()


def main():
    arguments = parse()
    try:
        result = open_result(arguments.result)
        series = arguments.series.replace(".", "_")
        if series not in result.coords:
            raise ValueError(f"--series {arguments.series}: the axes are {' '.join(axes(result))}")
        print_savings(result, series, arguments.cost, arguments.reference)
    except (OSError, ValueError) as error:
        sys.exit(f"equal_quality.py: {error}")


if __name__ == "__main__":
    main()
