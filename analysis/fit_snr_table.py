#!/usr/bin/env python3
"""Fits the table of gate.policy = snr_table to a sweep of fixed depths.

    semlink run scenarios/depths.ini && python3 analysis/fit_snr_table.py results/depths.h5 --tolerance-db 0.2

Prints `gate.table = ...`: for each SNR the smallest depth whose PSNR (of the mean squared error) is within the tolerance of the
best one. With tolerance 0 that is the best depth per SNR. An entry holds from half a step below its SNR on, so that an
estimate is rounded to the nearest SNR of the sweep.
"""

import argparse

import numpy as np

from semlink_results import open_result


def fit_table(result, tolerance_db):
    """Pairs (from which SNR on in dB, depth), equal neighbours joined."""
    psnr = result.psnr_mean_mse_db.transpose("channel_snr_db", "gate_depth")
    snr = psnr.channel_snr_db.values
    half_step = np.min(np.diff(snr)) / 2 if snr.size > 1 else 0
    table = []
    for at, row in zip(snr, psnr.values):
        depth = int(psnr.gate_depth.values[np.argmax(row >= row.max() - tolerance_db)])
        if not table or table[-1][1] != depth:
            table.append((at - half_step, depth))
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="result of a sweep over channel.snr_db and gate.depth")
    parser.add_argument("--tolerance-db", type=float, default=0.0)
    arguments = parser.parse_args()
    table = fit_table(open_result(arguments.result), arguments.tolerance_db)
    print("gate.table = " + " ".join(f"{at:g}:{depth}" for at, depth in table))


if __name__ == "__main__":
    main()
