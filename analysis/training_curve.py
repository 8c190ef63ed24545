#!/usr/bin/env python3
"""How did a network learn? Draws the validations of one training after another.

    python3 analysis/training_curve.py results/backbone.h5 results/settled.h5 --output curve.png [--table curve.csv]

A file is weights, a checkpoint (both hold the curve of their training), or a table that --table wrote: then what comes later in the
line is added behind it. Images and seconds count on from training to training.
"""

import argparse
import csv
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np

COLUMNS = ["training", "images", "seconds", "mean_loss"]
# What a validation measured: the dataset of the curve, the columns' prefix, its unit, and the axis' label.
MEASURES = [("validation_psnr_db", "psnr_db ", 1, "PSNR of the mean squared error (dB)"),
            ("validation_accuracy", "accuracy ", 100, "accuracy (%)")]


def measured(rows, prefix):
    """The columns of `rows` with this prefix."""
    return [name for name in rows[0] if name.startswith(prefix)]


def of_network(path):
    """The rows of a weights file or checkpoint, a dict each: name of the file, images, seconds, mean loss, and by condition the PSNR in dB
    of networks that give images and the accuracy in per cent of those that give classes."""
    with h5py.File(path) as file:
        if "curve" not in file:
            raise ValueError(f"{path}: no /curve, as weights and checkpoints of semlink have it")
        curve = file["curve"]
        names = [name.decode() if isinstance(name, bytes) else name for name in curve["condition"]]
        rows = [{"training": Path(path).stem, "images": int(images), "seconds": float(seconds), "mean_loss": float(loss)}
                for images, seconds, loss in zip(curve["images"], curve["seconds"], curve["loss"])]
        for dataset, prefix, unit, _ in MEASURES:
            values = curve[dataset][()] if dataset in curve else np.empty(0)
            if values.size == 0 or np.isnan(values).all():
                continue
            for row, of_row in zip(rows, values):
                row |= {prefix + name: unit * float(value) for name, value in zip(names, of_row)}
        return rows


def of_table(path):
    """The rows that `write_table` wrote."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [{name: value if name == "training" else float(value) for name, value in row.items()} for row in rows]


def joined(paths):
    """The rows of all files; those of a network count on from the last row before them."""
    rows = []
    for path in paths:
        if Path(path).suffix == ".csv":
            rows += of_table(path)
            continue
        images, seconds = (rows[-1]["images"], rows[-1]["seconds"]) if rows else (0, 0)
        rows += [row | {"images": row["images"] + images, "seconds": row["seconds"] + seconds} for row in of_network(path)]
    return rows


def write_table(rows, path):
    names = [name for _, prefix, _, _ in MEASURES for name in measured(rows, prefix)]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS + names)
        for row in rows:
            writer.writerow([row["training"], int(row["images"]), round(row["seconds"]), f"{row['mean_loss']:.5f}"]
                            + [f"{row[name]:.3f}" for name in names])


def draw(ax, rows, prefix, label):
    """What was measured under every condition against the images seen; a line where a training begins."""
    trainings = list(dict.fromkeys(row["training"] for row in rows))
    conditions = sorted(measured(rows, prefix), key=lambda name: -rows[-1][name])
    for number, name in enumerate(conditions):
        for training in trainings:
            part = [row for row in rows if row["training"] == training]
            ax.plot([row["images"] / 1e3 for row in part], [row[name] for row in part], color=f"C{number}",
                    label=name.removeprefix(prefix) if training == trainings[0] else None)
    for before, training in zip(trainings, trainings[1:]):
        begin = max(row["images"] for row in rows if row["training"] == before) / 1e3
        ax.axvline(begin, color="0.7", linewidth=1, zorder=0)
        ax.annotate(training, (begin, 1), xycoords=("data", "axes fraction"), xytext=(3, -10), textcoords="offset points",
                    fontsize=8, color="0.4")
    ax.set(xlabel="thousand images", ylabel=label)
    ax.grid(alpha=0.3)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--output", default="curve.png", help="figure")
    parser.add_argument("--table", help="CSV file to write")
    arguments = parser.parse_args()
    rows = joined(arguments.files)
    if not rows:
        parser.error("no validations in these files")
    if arguments.table:
        write_table(rows, arguments.table)
    shown = [(prefix, label) for _, prefix, _, label in MEASURES if measured(rows, prefix)]
    figure, axes = plt.subplots(len(shown), figsize=(8, 4.4 * len(shown)), layout="constrained", squeeze=False)
    for ax, (prefix, label) in zip(axes[:, 0], shown):
        draw(ax, rows, prefix, label)
    figure.savefig(arguments.output, dpi=100)
    print(arguments.output)


if __name__ == "__main__":
    main()
