#!/usr/bin/python3
"""What does quality cost? Every point of a result, by its multiply-adds and its PSNR, with the Pareto front of each panel.

    build/semlink run scenarios/comparison/across.ini && python3 analysis/pareto.py results/across.h5 --reference dense

One panel per SNR; a series per value of --series (networks by default). The table says, per panel, what the best network whose name
contains --reference reaches, and the cheapest point that is at least as good: its share of the reference's MACs.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from figures import COLOURS, MARKERS
from semlink_results import axes, open_result

QUALITY = "psnr_mean_mse_db"


@dataclass
class Cost:
    """A way to count what a trial costs."""
    label: str
    variables: tuple
    scale: float

    def of(self, result):
        return sum(result[name] for name in self.variables) * self.scale


COSTS = {
    "total": Cost("million MACs per image, both sides", ("encoder_macs", "decoder_macs"), 1e-6),
    "transmitter": Cost("million MACs per image, transmitter", ("encoder_macs",), 1e-6),
    "receiver": Cost("million MACs per image, receiver", ("decoder_macs",), 1e-6),
    "uses": Cost("channel uses per source value, everything sent", ("bandwidth_ratio_total",), 1),
}


def series_name(value):
    """A network by the name of its file; other values as they are."""
    text = str(value)
    return Path(text).stem if text.endswith(".h5") else text


def points_of(result, series, cost):
    """Name, cost and quality of every point that ran, in the order of the file."""
    values = result[[QUALITY]].assign(cost=COSTS[cost].of(result)).stack(point=result[QUALITY].dims)
    values = values.dropna("point")
    names = [series_name(value) for value in values[series].values] if series else [""] * values.sizes["point"]
    return list(zip(names, values.cost.values.tolist(), values[QUALITY].values.tolist()))


def pareto_front(points):
    """The points that no other beats: cheaper ones are worse, better ones dearer. Ascending in cost."""
    front = []
    for point in sorted(points, key=lambda p: (p[1], -p[2])):
        if not front or point[2] > front[-1][2]:
            front.append(point)
    return front


def saving(points, reference):
    """The best point of a series whose name contains `reference`, and the cheapest of all that is as good; None without either."""
    best = max((p for p in points if reference in p[0]), key=lambda p: p[2], default=None)
    if best is None:
        return None
    return best, min((p for p in points if p[2] >= best[2]), key=lambda p: p[1])


def panels(result, along="channel_snr_db"):
    """The result cut along an axis: title and part. One panel where it has no such axis."""
    if along not in axes(result):
        return [("", result)]
    return [(f"{value:g} dB", result.sel({along: value})) for value in result[along].values]


def draw(ax, points, title, cost):
    for i, name in enumerate(dict.fromkeys(p[0] for p in points)):
        mine = sorted((p[1], p[2]) for p in points if p[0] == name)
        ax.plot(*zip(*mine), MARKERS[i % len(MARKERS)], color=COLOURS[i % len(COLOURS)], label=name.replace("_", " "),
                linestyle=":", linewidth=0.8)
    front = pareto_front(points)
    ax.step([p[1] for p in front], [p[2] for p in front], where="post", color="0.6", linewidth=3, alpha=0.5, zorder=0,
            label="Pareto front")
    ax.set(title=title, xlabel=COSTS[cost].label, ylabel="PSNR of the mean squared error (dB)")
    ax.grid(alpha=0.3)


def figure_of(cut, series, cost):
    columns = min(2, len(cut))
    rows = -(-len(cut) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(6 * columns, 4.4 * rows), layout="constrained", squeeze=False)
    for ax, (title, part) in zip(grid.flat, cut):
        draw(ax, points_of(part, series, cost), title, cost)
    for ax in grid.flat[len(cut):]:
        ax.set_axis_off()
    grid.flat[0].legend(fontsize=8)
    return figure


def print_savings(cut, series, cost, reference):
    print(f"{'':>8}  {'best ' + reference:>22}  {'cheapest as good':>22}  share of its cost")
    for title, part in cut:
        found = saving(points_of(part, series, cost), reference)
        if found is None:
            raise ValueError(f"--reference {reference}: no series has it in its name")
        best, cheapest = found
        print(f"{title:>8}  {best[0]:>13} {best[2]:5.2f} dB  {cheapest[0]:>13} {cheapest[2]:5.2f} dB  "
              f"{100 * cheapest[1] / best[1]:5.1f} %")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="file that `semlink run` wrote")
    parser.add_argument("--series", default="codec.weights", help="axis whose values are told apart")
    parser.add_argument("--cost", choices=COSTS, default="total", help="what is paid")
    parser.add_argument("--reference", help="part of the names of the networks that savings are held against")
    parser.add_argument("--output", type=Path, help="PNG to write; default: beside the result, same name with the cost")
    return parser.parse_args()


def main():
    arguments = parse()
    try:
        result = open_result(arguments.result)
        series = arguments.series.replace(".", "_")
        if series not in result.coords:
            raise ValueError(f"--series {arguments.series}: the axes are {' '.join(axes(result))}")
        cut = panels(result)
        figure = figure_of(cut, series, arguments.cost)
        if arguments.reference:
            print_savings(cut, series, arguments.cost, arguments.reference)
    except (OSError, ValueError) as error:
        sys.exit(f"pareto.py: {error}")
    output = arguments.output or arguments.result.with_name(f"{arguments.result.stem}_{arguments.cost}.png")
    figure.savefig(output, dpi=120)
    print(output)


if __name__ == "__main__":
    main()
