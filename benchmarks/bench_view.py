"""Reading stage rows with their pictures: the view against decoding from memory, and against `datasets`.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_view.py

Rows of two pictures each are read in random order, 64 at a time, from a version folder that is made for the purpose.
The limit is decoding the same encoded bytes, already in memory, with the same decoder, into the same thing: the pixels
of every picture of a batch, held until the batch is done. (A decoder that throws each picture away at once writes all
of them to the same place. In one process that is a tenth faster, in the next it is not, as its buffers happen to lie,
and no trainer reads so.) `datasets` reads the same rows and looks their pictures up in the images config, decoded by
its Image feature. Pictures are counted as rows show them.

In every round each of the three reads the same rows, the limit and the view batch by batch in turn, each first as often
as the other, so that both see the machine as busy as it is. A round's ratio is that of its sums; the ratio told is the
median over rounds. CPU seconds of this process, and seconds by the clock. Bars, in CPU seconds: 0.85 of the limit, 2.5
times `datasets`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import numpy.typing as npt
import simplejpeg

from schemas.tables import CONVERSATIONS, IMAGES
from tasks.versions.writer import from_rows, write
from tasks.view import StageView, decode

LIMIT_BAR, DATASETS_BAR = 0.85, 2.5
BATCH = 64
PARTS = 4
Job = Callable[[list[int]], int]
Rates = npt.NDArray[np.float64]
README = """---
configs:
- config_name: images
  data_files: [{split: train, path: data/images/*.parquet}]
- config_name: stage2
  data_files: [{split: train, path: data/stage2/train-*.parquet}]
---
"""


def crop(rng: np.random.Generator) -> bytes:
    """A picture of 64 x 128 as smooth as a photograph, some 3 KB as JPEG."""
    coarse = rng.integers(0, 256, (16, 8, 3)).repeat(8, axis=0).repeat(8, axis=1)
    pixels = np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)
    return bytes(simplejpeg.encode_jpeg(pixels, quality=90))


def make_version(folder: Path, pictures: int, rows: int) -> list[bytes]:
    """A version folder of pictures and of rows that show two each; the encoded pictures, by number."""
    rng = np.random.default_rng(7)
    encoded = [crop(rng) for _ in range(pictures)]
    stored = [
        {"image_id": name(at), "source": "bench", "image": {"bytes": data, "path": f"{at}.jpg"}, "sha256": "0" * 64}
        | {"n_bytes": len(data), "width": 64, "height": 128, "format": "jpeg", "phash": at}
        for at, data in enumerate(encoded)
    ]
    shown = rng.integers(0, pictures, (rows, 2)).tolist()
    for place in ("images", "stage2"):
        (folder / "data" / place).mkdir(parents=True)
    write(IMAGES, from_rows(IMAGES, stored), folder / "data/images/bench-0000.parquet")
    made = from_rows(CONVERSATIONS, [row(at, two) for at, two in enumerate(shown)])
    write(CONVERSATIONS, made, folder / "data/stage2/train-SAME_YN.parquet")
    (folder / "README.md").write_text(README)
    return encoded


def name(at: int) -> str:
    """The id of a picture."""
    return f"bench/{at:06}.jpg"


def row(number: int, shown: list[int]) -> dict[str, Any]:
    """One conversation about two pictures."""
    return {
        "sample_id": f"same_yn-{number:016x}",
        "stage": 2,
        "family": "SAME_YN",
        "subtask": "pair",
        "split": "train",
        "images": [
            {"image_id": name(at), "role": role, "source": "bench", "person_key": f"bench:{at % 500:04}"}
            | {"cam_key": "bench:c1", "modality": "rgb", "frame": at, "width": 64, "height": 128}
            for at, role in zip(shown, ("query", "gallery"), strict=True)
        ],
        "texts": [],
        "turns": [
            {"role": "user", "text": "Image 1 [[image:1]] Image 2 [[image:2]] The same person? Yes or No."},
            {"role": "assistant", "text": "No"},
        ],
        "answer": {"kind": "yesno", "text": "No", "gold_bool": False},
        "negatives": [{"ref": name(shown[1]), "strategy": "same_camera"}],
        "template": {"id": "same_yn", "version": 1, "paraphrase_no": 0, "seed": 7},
        "quality": {"n_words": 1, "flags": []},
        "pixel_budget": {"min_pixels": 50_176, "max_pixels": 100_352},
        "licence": ["bench"],
        "leak_block": [],
    }


def by_view(view: StageView, batch: list[int]) -> int:
    """Read a batch of rows through the view; how many pictures came."""
    return sum(len(each["images"]) for each in view.__getitems__(batch))


def by_memory(encoded: list[bytes], batch: list[int], shown: list[list[int]]) -> int:
    """Decode the pictures of the same rows from memory; how many."""
    return sum(len(each) for each in [[decode(encoded[at]) for at in shown[number]] for number in batch])


def by_datasets(rows: Any, images: Any, places: dict[str, int], batch: list[int]) -> int:
    """Read the same rows and their pictures by `datasets`, one after the other; how many pictures."""
    pictures = [[np.asarray(images[places[ref["image_id"]]]["image"]) for ref in rows[at]["images"]] for at in batch]
    return sum(len(each) for each in pictures)


def one_round(jobs: Mapping[str, Job], batches: Sequence[list[int]]) -> dict[str, Rates]:
    """Pictures per CPU second and per second of each job with some batches, which they take in turn."""
    spent = {name: np.zeros(2) for name in jobs}
    count = dict.fromkeys(jobs, 0)
    for number, batch in enumerate(batches):
        for name in sorted(jobs, reverse=bool(number % 2)):
            before = np.array([time.process_time(), time.perf_counter()])
            count[name] += jobs[name](batch)
            spent[name] += np.array([time.process_time(), time.perf_counter()]) - before
    return {name: count[name] / spent[name] for name in jobs}


def rounds_of(jobs: Mapping[str, Job], peer: Job, order: list[int], rounds: int) -> npt.NDArray[np.float64]:
    """The rates of memory, view and peer (last axis: CPU, clock) in each round; all see the same rows of a round."""
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    parts = [batches[number::PARTS] for number in range(PARTS)]
    found = []
    for number in range(rounds):
        ours = one_round(jobs, batches)
        theirs = one_round({"peer": peer}, parts[number % PARTS])
        found.append([ours["memory"], ours["view"], theirs["peer"]])
    return np.array(found)


def read_by_datasets(version: Path, cache: Path) -> Job:
    """The job of the peer, its tables opened."""
    rows, images = (
        datasets.load_dataset(str(version), config, split="train", cache_dir=str(cache))
        for config in ("stage2", "images")
    )
    places = {image_id: at for at, image_id in enumerate(images["image_id"])}
    return lambda batch: by_datasets(rows, images, places, batch)


def told(found: npt.NDArray[np.float64]) -> bool:
    """Print what was found; whether the bars are met."""
    names = ("decoded from memory", "view", "datasets")
    for name, (cpu, clock) in zip(names, np.median(found, axis=0), strict=True):
        print(f"{name:20} {cpu:9,.0f} pictures per CPU s {clock:9,.0f} per s")
    for at, what, bar in ((0, "of decoding from memory", LIMIT_BAR), (2, "times datasets", DATASETS_BAR)):
        shares = found[:, 1] / found[:, at]
        low, high = shares[:, 0].min(), shares[:, 0].max()
        cpu, clock = np.median(shares, axis=0)
        print(f"view: {cpu:.2f} {what} (bar {bar}; rounds {low:.2f} to {high:.2f}; by the clock {clock:.2f})")
    share, times = (np.median(found[:, 1, 0] / found[:, at, 0]) for at in (0, 2))
    return bool(share >= LIMIT_BAR and times >= DATASETS_BAR)


def main() -> int:
    """Print the rates and their ratios; exit code 1 when a bar is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pictures", type=int, default=4_000)
    arguments.add_argument("--rows", type=int, default=4_000)
    arguments.add_argument("--rounds", type=int, default=9)
    chosen = arguments.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        encoded = make_version(base / "version", chosen.pictures, chosen.rows)
        view = StageView(base / "version", 2)
        shown = [[int(ref["image_id"][6:12]) for ref in each] for each in view.table.column("images").to_pylist()]
        jobs: dict[str, Job] = {
            "memory": lambda batch: by_memory(encoded, batch, shown),
            "view": lambda batch: by_view(view, batch),
        }
        peer = read_by_datasets(base / "version", base / "cache")
        order = np.random.default_rng(1).permutation(chosen.rows).tolist()
        rounds_of(jobs, peer, order[: 2 * BATCH], 1)
        return int(not told(rounds_of(jobs, peer, order, chosen.rounds)))


if __name__ == "__main__":
    sys.exit(main())
