"""How fast the sample is drawn: images per CPU second, drawn and encoded, by source.

python benchmarks/bench_sample.py            # bar: at least 400 images per CPU second over all sources
"""

import argparse
import time

from generators.sample.write import encode, layouts

BAR = 400.0


def measure(name: str, images: int, seed: int) -> tuple[float, float]:
    """(CPU seconds, mean bytes) to draw and encode some images of one source of the demo size."""
    layout = layouts([name])[name]
    shots = [shot for shot in layout.shots("demo", seed) if not shot.damage]
    shots = shots[:: max(1, len(shots) // images)][:images]
    for shot in shots[:24]:
        encode(layout, shot, seed)
    start = time.process_time()
    size = sum(len(encode(layout, shot, seed)) for shot in shots)
    return (time.process_time() - start) / len(shots), size / len(shots)


def main() -> None:
    """Print one line per source and the rate over all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000, help="images per source")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    costs = []
    for name in layouts():
        seconds, size = measure(name, arguments.images, arguments.seed)
        costs.append(seconds)
        print(f"{name:12s} {1 / seconds:7.0f} images per CPU second   {size:7.0f} bytes an image")
    rate = len(costs) / sum(costs)
    print(f"{'all':12s} {rate:7.0f} images per CPU second   bar {BAR:.0f}: {'met' if rate >= BAR else 'MISSED'}")


if __name__ == "__main__":
    main()
