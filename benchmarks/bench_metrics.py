"""Metrics against a per-query Python loop and against the matrix product alone, and their memory at MSMT17 size.

    .venv/bin/python benchmarks/bench_metrics.py            # about a minute
    .venv/bin/python benchmarks/bench_metrics.py --fast     # smaller galleries, for a look

The embeddings are random with a weak person component, so that AP is low: the worst case for counting, which reads
every gallery image that beats the worst right one. The peer sorts with numpy and walks the ranked list in Python, as
public evaluation code does; it is timed on every n-th query and scaled up. All in CPU seconds of one process. Bars:
equal to 1e-12, ties included; 50 times faster than the loop; at most 3.5 times the matrix product; below 1.2 GB.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.scoring.members import Members, members
from tasks.scoring.metrics import Metrics, Rules, evaluate_scores

WIDTH = 512
SIZES = {"market1501": (3_368, 15_913, 750, 6), "msmt17": (11_659, 82_161, 3_060, 15), "small": (800, 4_000, 200, 6)}


@dataclass(frozen=True, slots=True)
class Case:
    """A benchmark of some size with embeddings of both sides."""

    query: Members
    gallery: Members
    asked: npt.NDArray[np.float32]
    stored: npt.NDArray[np.float32]

    def scores(self, start: int, stop: int) -> npt.NDArray[np.float32]:
        """The scores of a block of queries."""
        return self.asked[start:stop] @ self.stored.T


def draw(size: str, seed: int = 7) -> Case:
    """A benchmark of the size of a dataset, by a seed."""
    n_query, n_gallery, persons, cameras = SIZES[size]
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((persons, WIDTH), dtype=np.float32)
    sides = []
    for n in (n_query, n_gallery):
        person = rng.integers(0, persons, n)
        vectors = rng.standard_normal((n, WIDTH), dtype=np.float32)
        vectors += 0.28 * centres[person]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        sides.append((members(person, camera=rng.integers(0, cameras, n)), vectors))
    return Case(sides[0][0], sides[1][0], sides[0][1], sides[1][1])


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def product_only(case: Case, block: int = 512) -> None:
    """The matrix product in the same blocks, its result dropped."""
    for start in range(0, len(case.query), block):
        case.scores(start, min(start + block, len(case.query)))


def peer_query(case: Case, q: int, scores: npt.NDArray[np.float32]) -> tuple[int, float, float] | None:
    """(first hit, AP, INP) of one query in the style of public code: sort, drop junk, a Python list of precisions."""
    ranked = np.argsort(-scores)
    match = (case.gallery.person[ranked] == case.query.person[q]).astype(np.int32)
    junk = (match == 1) & (case.gallery.camera[ranked] == case.query.camera[q])
    kept = match[~junk]
    if not kept.any():
        return None
    found = kept.cumsum()
    precision = np.asarray([hits / (place + 1.0) for place, hits in enumerate(found)]) * kept
    last = int(np.flatnonzero(kept)[-1])
    return int(kept.argmax()) + 1, float(precision.sum() / kept.sum()), float(found[last] / (last + 1.0))


def against_peer(case: Case, metrics: Metrics, every: int) -> tuple[float, float]:
    """CPU seconds the peer would need for all queries, and the largest difference from ours on those it did."""
    asked = range(0, len(case.query), every)
    spent, worst = 0.0, 0.0
    for q in asked:
        row = case.scores(q - q % 512, min(q - q % 512 + 512, len(case.query)))[q % 512]
        start = time.process_time()
        found = peer_query(case, q, row)
        spent += time.process_time() - start
        ours = (metrics.per_query.first[q, 0], metrics.per_query.ap[q], metrics.per_query.inp[q])
        worst = max([worst, *(abs(a - b) for a, b in zip(found, ours, strict=True))]) if found else worst
    return spent * len(case.query) / len(asked), worst


def measure(size: str, every: int, rounds: int) -> dict[str, float]:
    """Times, ratios, equality and peak memory at one size; the first call, which may compile, is not timed."""
    case = draw(size)
    rules = Rules(junk_rule="pid_cam")
    metrics = evaluate_scores(case.scores, case.query, case.gallery, rules)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pairs = []
    for _ in range(rounds):
        product = cpu(lambda: product_only(case))
        pairs.append((cpu(lambda: evaluate_scores(case.scores, case.query, case.gallery, rules)), product))
    ours, product = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
    peer, difference = against_peer(case, metrics, every)
    return {
        "mAP": metrics.mAP,
        "product_s": product,
        "ours_s": ours,
        "ours_to_product": ours / product,
        "peer_s": peer + product,
        "peer_to_ours": (peer + product) / ours,
        "largest_difference": difference,
        "peak_mb": peak,
    }


def report(size: str, every: int, rounds: int) -> bool:
    """Measure one size in a process of its own (peak memory is a process's), print it, and judge it by its bars."""
    command = [sys.executable, __file__, "--child", size, "--every", str(every), "--rounds", str(rounds)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    bars = {
        "largest_difference": found["largest_difference"] <= 1e-12,
        "peer_to_ours": found["peer_to_ours"] >= 50,
        "ours_to_product": found["ours_to_product"] <= 3.5,
        "peak_mb": found["peak_mb"] < 1_200,
    }
    print(f"{size}: {SIZES[size][0]:,} queries x {SIZES[size][1]:,} gallery, peer on every {every}th query")
    for name, value in found.items():
        verdict = "" if name not in bars else "ok" if bars[name] else "MISSED"
        print(f"  {name:20} {value:12.4g} {verdict}")
    return all(bars.values())


def main() -> int:
    """Print equality, ratios and memory; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--fast", action="store_true", help="only a small case; its ratios are no bars")
    parser.add_argument("--child", choices=sorted(SIZES), help=argparse.SUPPRESS)
    parser.add_argument("--every", type=int, default=8, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(measure(asked.child, asked.every, asked.rounds)))
        return 0
    if asked.fast:
        report("small", every=8, rounds=3)
        return 0
    reached = [report("market1501", every=16, rounds=5), report("msmt17", every=900, rounds=1)]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
