#!/usr/bin/env python3
"""Runs bench_transformer and bench_deepjscc and their PyTorch twins in turn and prints the ratios of images per processor
second.

    tests/bench/compare_torch.py build/tests/bench ../shared/peers [--rounds 5] [--only PROGRAM]

The twins run at their best settings, which peer_env.sh of that folder applies. One thread each.
"""

import argparse
import json
import re
import statistics
import subprocess
from pathlib import Path

SMALL_VIT = "peer_vit.py --dim 128 --depth 6"
LARGE_VIT = "peer_vit.py --dim 192 --depth 12"
CONV = "peer_conv.py --c 8"

# our program and benchmark, the twin and its options, target ratio
ROWS = [
    ("bench_transformer", "forward/dim:128/depth:6/images:1", f"{SMALL_VIT} --batch 1 --jit", 1.75),
    ("bench_transformer", "forward/dim:128/depth:6/images:16", f"{SMALL_VIT} --batch 16 --impl fast", 1.3),
    ("bench_transformer", "forward/dim:128/depth:6/images:64", f"{SMALL_VIT} --batch 64 --impl fast", 1.45),
    ("bench_transformer", "forward/dim:192/depth:12/images:1", f"{LARGE_VIT} --batch 1 --jit", 1.5),
    ("bench_transformer", "forward/dim:192/depth:12/images:16", f"{LARGE_VIT} --batch 16 --impl fast", 1.2),
    ("bench_transformer", "training_step/f32/dim:128/depth:6/images:64", f"{SMALL_VIT} --batch 64 --mode train", 1.35),
    ("bench_transformer", "training_step/bf16/dim:128/depth:6/images:64", f"{SMALL_VIT} --batch 64 --mode train", 1.35),
    ("bench_transformer", "training_step/f32/dim:192/depth:12/images:16", f"{LARGE_VIT} --batch 16 --mode train", 1.25),
    ("bench_deepjscc", "forward/channels:8/images:1", f"{CONV} --batch 1", 3.5),
    ("bench_deepjscc", "forward/channels:8/images:64", f"{CONV} --batch 64", 2.0),
    ("bench_deepjscc", "training_step/channels:8/images:64", f"{CONV} --batch 64 --mode train", 2.5),
]


def ours(program, name):
    text = subprocess.run([program, f"--benchmark_filter=^{name}$", "--benchmark_format=json", "--benchmark_min_time=0.8"],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)["benchmarks"][0]["items_per_second"]


def twin(peers, call):
    command = [str(Path(peers) / "peer_env.sh"), *call.split(), "--seconds", "0.4", "--repeats", "3"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"images_per_cpu_s=([0-9.]+)", text)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", help="folder of our benchmarks")
    parser.add_argument("peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", help="one of our programs")
    arguments = parser.parse_args()
    print(f"{'work':48} {'ours/s':>8} {'torch/s':>8} {'ratio':>6} {'min':>6} {'max':>6} {'aim':>5}")
    for program, name, call, target in ROWS:
        if arguments.only not in (None, program):
            continue
        path = str(Path(arguments.programs) / program)
        pairs = [(ours(path, name), twin(arguments.peers, call)) for _ in range(arguments.rounds)]
        ratios = [a / b for a, b in pairs]
        print(f"{name:48} {statistics.median(a for a, _ in pairs):8.1f} {statistics.median(b for _, b in pairs):8.1f} "
              f"{statistics.median(ratios):6.2f} {min(ratios):6.2f} {max(ratios):6.2f} {target:5.2f}", flush=True)


if __name__ == "__main__":
    main()
