#!/usr/bin/env python3
"""Runs bench_transformer and the PyTorch twin in turn and prints the ratios of images per processor second.

    tests/bench/compare_torch.py build/tests/bench/bench_transformer ../shared/peers [--rounds 5]

The twin runs at its best settings, which peer_env.sh of that folder applies. One thread each.
"""

import argparse
import json
import re
import statistics
import subprocess
from pathlib import Path

# name of our benchmark, options of the twin, target ratio
ROWS = [
    ("forward/dim:128/depth:6/images:1", "--dim 128 --depth 6 --batch 1 --jit", 1.75),
    ("forward/dim:128/depth:6/images:16", "--dim 128 --depth 6 --batch 16 --impl fast", 1.3),
    ("forward/dim:128/depth:6/images:64", "--dim 128 --depth 6 --batch 64 --impl fast", 1.45),
    ("forward/dim:192/depth:12/images:1", "--dim 192 --depth 12 --batch 1 --jit", 1.5),
    ("forward/dim:192/depth:12/images:16", "--dim 192 --depth 12 --batch 16 --impl fast", 1.2),
    ("training_step/f32/dim:128/depth:6/images:64", "--dim 128 --depth 6 --batch 64 --mode train", 1.35),
    ("training_step/bf16/dim:128/depth:6/images:64", "--dim 128 --depth 6 --batch 64 --mode train", 1.35),
    ("training_step/f32/dim:192/depth:12/images:16", "--dim 192 --depth 12 --batch 16 --mode train", 1.25),
]


def ours(program, name):
    text = subprocess.run([program, f"--benchmark_filter=^{name}$", "--benchmark_format=json", "--benchmark_min_time=0.8"],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)["benchmarks"][0]["items_per_second"]


def twin(peers, options):
    command = [str(Path(peers) / "peer_env.sh"), "peer_vit.py", "--seconds", "0.4", "--repeats", "3", *options.split()]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"images_per_cpu_s=([0-9.]+)", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("peers")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'work':48} {'ours/s':>8} {'torch/s':>8} {'ratio':>6} {'min':>6} {'max':>6} {'aim':>5}")
    for name, options, target in ROWS:
        pairs = [(ours(arguments.program, name), twin(arguments.peers, options)) for _ in range(arguments.rounds)]
        ratios = [a / b for a, b in pairs]
        print(f"{name:48} {statistics.median(a for a, _ in pairs):8.1f} {statistics.median(b for _, b in pairs):8.1f} "
              f"{statistics.median(ratios):6.2f} {min(ratios):6.2f} {max(ratios):6.2f} {target:5.2f}", flush=True)


if __name__ == "__main__":
    main()
