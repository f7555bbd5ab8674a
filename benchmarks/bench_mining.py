"""Exact mining against its matrix product alone, and against sorting, at the size of Market-1501's training set.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_mining.py        # 12,936 vectors, about a minute
    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_mining.py --images 4000

CPU seconds of this process, medians of alternating rounds. Bar: at most 1.5 times the matrix product (512 numbers a
vector, top 10). The neighbours are compared with those of a full argsort on every n-th row.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import simplejpeg

from generators.miners.striped_colour import embed
from generators.mining import nearest, whole

BAR = 1.5
ENCODER_BAR = 3_000
PERSONS = 751
Vectors = npt.NDArray[np.float32]


def vectors(images: int, width: int, seed: int = 7) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """Unit vectors around one centre per person, as an encoder gives them, and who is who."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, PERSONS, images)
    drawn = rng.standard_normal((PERSONS, width))[who] + 1.2 * rng.standard_normal((images, width))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32), who


def product_alone(rows: Vectors) -> None:
    """The block products that mining needs, and nothing else."""
    rounded = whole(rows)
    for start in range(0, len(rounded), 1_024):
        _ = rounded[start : start + 1_024] @ rounded.T


def cpu(job: Callable[[], object]) -> float:
    """CPU seconds of this process for one job."""
    start = time.process_time()
    job()
    return time.process_time() - start


def agreement(rows: Vectors, who: npt.NDArray[np.int64], top_k: int) -> float:
    """The share of sampled rows whose neighbours are exactly those of a stable argsort."""
    near, _ = nearest(rows, who, top_k)
    rounded = whole(rows)
    sampled = np.arange(0, len(rows), max(1, len(rows) // 500))
    similarity = rounded[sampled] @ rounded.T
    similarity[who[sampled][:, None] == who] = -np.inf
    wanted = np.argsort(-similarity, axis=1, kind="stable")[:, :top_k]
    return float((near[sampled] == wanted).all(axis=1).mean())


def encoder_speed(count: int = 2_000) -> float:
    """Images per CPU second of the striped colour encoder on 64x128 JPEGs."""
    rng = np.random.default_rng(7)
    pictures = [rng.integers(0, 255, (16, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1) for _ in range(50)]
    encoded = [simplejpeg.encode_jpeg(np.ascontiguousarray(picture), 87) for picture in pictures] * (count // 50)
    embed(encoded[:8], None)
    return count / cpu(lambda: embed(encoded, None))


def compare(images: int, width: int, top_k: int, rounds: int) -> tuple[float, float]:
    """The ratio of mining to its matrix product, and the share of sampled rows equal to a full sort; printed too."""
    rows, who = vectors(images, width)
    times = [(cpu(lambda: product_alone(rows)), cpu(lambda: nearest(rows, who, top_k))) for _ in range(rounds)]
    product, mined = (statistics.median(column) for column in zip(*times, strict=True))
    exact = agreement(rows, who, top_k)
    print(f"{width} numbers, top {top_k}: product {product:.2f} s, mining {mined:.2f} s, ratio {mined / product:.2f}")
    print(f"  equal to a full sort: {exact:.1%} of sampled rows")
    return mined / product, exact


def main() -> int:
    """Print every figure and its bar; exit code 1 when a bar is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--images", type=int, default=12_936)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    nearest(*vectors(64, 8), 5)
    shapes = ((512, 10), (512, 20), (224, 20))
    found = [compare(chosen.images, width, top_k, chosen.rounds) for width, top_k in shapes]
    speed = encoder_speed()
    print(f"striped_colour: {speed:,.0f} images per CPU second (bar {ENCODER_BAR:,})")
    print(f"mining at {shapes[0][0]} numbers, top {shapes[0][1]}: ratio {found[0][0]:.2f} (bar {BAR})")
    return int(found[0][0] > BAR or min(exact for _, exact in found) < 1.0 or speed < ENCODER_BAR)


if __name__ == "__main__":
    sys.exit(main())
