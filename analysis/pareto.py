#!/usr/bin/python3
"""What does quality cost? Every point of a result, by its multiply-adds and its PSNR, with the Pareto front of each panel.

    build/semlink run scenarios/comparison/across.ini
    python3 analysis/pareto.py results/across.h5 --reference dense --cost transmitter receiver uses

One row per SNR and bandwidth ratio, one column per --cost (with one cost: one panel each). Channel uses are a cost themselves: there all
bandwidth ratios share a panel. A series per value of --series (networks by default); series whose names begin with the same word, up to
the first underscore, have one colour. The table says, per panel, what the best network whose name contains --reference reaches, and
the cheapest point that is at least as good: its share of the reference's cost.
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


def panels(result, cost):
    """The result cut along the SNR and, unless channel uses are the cost, along the bandwidth ratio: title and part."""
    cut = [("", result)]
    for axis, tell in (("channel_snr_db", lambda value: f"{value:g} dB"), ("codec_bandwidth_ratio", lambda value: f"k/n {value:.3g}")):
        if axis in axes(result) and not (cost == "uses" and axis == "codec_bandwidth_ratio"):
            cut = [(f"{title}, {tell(value)}".removeprefix(", "), part.sel({axis: value}))
                   for title, part in cut for value in result[axis].values]
    return cut


def family(name):
    """What networks of one kind have in common: the first word of their names."""
    return name.split("_")[0]


def styles(names):
    """Colour and marker by name: a colour for each family and a marker for each member, or a colour each where all are one family."""
    families = list(dict.fromkeys(map(family, names)))
    chosen = {}
    for name in names:
        mine = [other for other in names if family(other) == family(name)]
        member = mine.index(name)
        colour = member if len(families) == 1 else families.index(family(name))
        chosen[name] = (COLOURS[colour % len(COLOURS)], MARKERS[member % len(MARKERS)])
    return chosen


def draw(ax, points, title, cost, style):
    for name in dict.fromkeys(p[0] for p in points):
        mine = [p for p in points if p[0] == name]
        colour, marker = style[name]
        ax.plot([p[1] for p in mine], [p[2] for p in mine], marker, color=colour, label=name.replace("_", " "))
        if cost != "uses":  # uses mix bandwidth ratios, which a line would tie together
            best = pareto_front(mine)
            ax.plot([p[1] for p in best], [p[2] for p in best], color=colour, linestyle=":", linewidth=0.8)
    front = pareto_front(points)
    ax.step([p[1] for p in front], [p[2] for p in front], where="post", color="0.6", linewidth=3, alpha=0.5, zorder=0,
            label="Pareto front")
    ax.set(title=title, xlabel=COSTS[cost].label, ylabel="PSNR of the mean squared error (dB)")
    ax.grid(alpha=0.3)


def figure_of(result, series, costs):
    """A page of panels: those of one cost two abreast, of several costs in a column each."""
    cuts = {cost: panels(result, cost) for cost in costs}
    columns = min(2, len(cuts[costs[0]])) if len(costs) == 1 else len(costs)
    rows = -(-len(cuts[costs[0]]) // columns) if len(costs) == 1 else max(map(len, cuts.values()))
    figure, grid = plt.subplots(rows, columns, figsize=(6 * columns, 4.4 * rows), layout="constrained", squeeze=False)
    style = styles(list(dict.fromkeys(p[0] for cut in cuts.values() for _, part in cut for p in points_of(part, series, "total"))))
    for column, (cost, cut) in enumerate(cuts.items()):
        places = grid.flat if len(costs) == 1 else grid[:, column]
        for ax, (title, part) in zip(places, cut):
            draw(ax, points_of(part, series, cost), title, cost, style)
        for ax in places[len(cut):]:
            ax.set_axis_off()
    grid.flat[0].legend(fontsize=8)
    return figure


def print_savings(result, series, cost, reference):
    print(f"{cost:>16}  {'best ' + reference:>25}  {'cheapest as good':>25}  share of its cost")
    for title, part in panels(result, cost):
        found = saving(points_of(part, series, cost), reference)
        if found is None:
            raise ValueError(f"--reference {reference}: no series has it in its name")
        best, cheapest = found
        print(f"{title:>16}  {best[0]:>16} {best[2]:5.2f} dB  {cheapest[0]:>16} {cheapest[2]:5.2f} dB  "
              f"{100 * cheapest[1] / best[1]:5.1f} %")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path, help="file that `semlink run` wrote")
    parser.add_argument("--series", default="codec.weights", help="axis whose values are told apart")
    parser.add_argument("--cost", choices=COSTS, nargs="+", default=["total"], help="what is paid: one or several")
    parser.add_argument("--reference", help="part of the names of the networks that savings are held against")
    parser.add_argument("--dpi", type=int, default=120, help="pixels per inch of the PNG")
    parser.add_argument("--output", type=Path, help="PNG to write; default: beside the result, same name with the cost")
    return parser.parse_args()


def main():
    arguments = parse()
    try:
        result = open_result(arguments.result)
        series = arguments.series.replace(".", "_")
        if series not in result.coords:
            raise ValueError(f"--series {arguments.series}: the axes are {' '.join(axes(result))}")
        costs = list(dict.fromkeys(arguments.cost))
        figure = figure_of(result, series, costs)
        if arguments.reference:
            for cost in costs:
                print_savings(result, series, cost, arguments.reference)
    except (OSError, ValueError) as error:
        sys.exit(f"pareto.py: {error}")
    output = arguments.output or arguments.result.with_name(f"{arguments.result.stem}_{'_'.join(costs)}.png")
    figure.savefig(output, dpi=arguments.dpi)
    print(output)


if __name__ == "__main__":
    main()
