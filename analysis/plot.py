#!/usr/bin/python3
"""Draws a result of `semlink run` as a PNG beside it: python3 analysis/plot.py results/quickstart.h5"""

import argparse
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import figures
from semlink_results import open_result, select


def parse():
    parser = argparse.ArgumentParser(description="Draws quality, depth, compute and bandwidth ratio of a result.")
    parser.add_argument("result", type=Path, help="file that `semlink run` wrote")
    parser.add_argument("--output", type=Path, help="PNG to write; default: beside the result, same name")
    parser.add_argument("--select", action="append", default=[], metavar="AXIS=VALUE",
                        help="draw only this value of an axis: --select channel.model=rayleigh")
    return parser.parse_args()


def main():
    arguments = parse()
    try:
        result = open_result(arguments.result)
        for choice in arguments.select:
            axis, _, value = choice.partition("=")
            result = select(result, **{axis.replace(".", "_"): value})
        if figures.main_axis(result) is None:
            print(f"{arguments.result}: one point only, nothing to draw", file=sys.stderr)
            return
        if not (result.num_trials > 0).any():
            print(f"{arguments.result}: no finished point, nothing to draw", file=sys.stderr)
            return
        figure = figures.overview(result, title=f"{arguments.result.stem}; 95 % intervals")
    except (OSError, KeyError, ValueError) as error:
        sys.exit(f"plot.py: {error.args[0] if isinstance(error, KeyError) else error}")
    output = arguments.output or arguments.result.with_suffix(".png")
    figure.savefig(output, dpi=120)
    print(output)


if __name__ == "__main__":
    main()
