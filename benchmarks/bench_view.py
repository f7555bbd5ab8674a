"""Reading stage rows with their pictures: the view against decoding from memory, and against `datasets`.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/bench_view.py

Rows of two pictures each are read in random order, 64 at a time, from a version folder that is made for the purpose.
The limit is decoding the same encoded bytes, already in memory, with the same decoder. `datasets` reads the same rows
and looks their pictures up in the images config, decoded by its Image feature. Every picture is turned into pixels, and
pictures are counted as rows show them. CPU seconds of this process. The three take turns, 512 rows each, so that all
see the machine as busy as it is; ratios are medians over these parts. Bars: 0.85 of the limit, 2.5 times `datasets`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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
PART = 8 * BATCH
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


def by_view(view: StageView, order: list[int]) -> int:
    """Read rows through the view; how many pictures came."""
    batches = (view.__getitems__(order[start : start + BATCH]) for start in range(0, len(order), BATCH))
    return sum(len(each["images"]) for batch in batches for each in batch)


def by_memory(encoded: list[bytes], order: list[int], shown: list[list[int]]) -> int:
    """Decode the pictures of the same rows from memory; how many."""
    return sum(decode(encoded[at]).ndim == 3 for number in order for at in shown[number])


def by_datasets(rows: Any, images: Any, places: dict[str, int], order: list[int]) -> int:
    """Read the same rows and their pictures by `datasets`, one after the other; how many pictures."""
    count = 0
    for number in order:
        for ref in rows[number]["images"]:
            count += np.asarray(images[places[ref["image_id"]]]["image"]).ndim == 3
    return count


def rates(jobs: Sequence[Callable[[list[int]], int]], order: list[int], rounds: int) -> npt.NDArray[np.float64]:
    """Pictures per CPU second: for every part of the rows of every round, of each job one after the other."""
    parts = [order[start : start + PART] for start in range(0, len(order), PART)] * rounds
    return np.array([[rate(job, part) for job in jobs] for part in parts])


def rate(job: Callable[[list[int]], int], part: list[int]) -> float:
    """Pictures per CPU second of one job with some rows."""
    start = time.process_time()
    count = job(part)
    return count / (time.process_time() - start)


def main() -> int:
    """Print the rates and their ratios; exit code 1 when a bar is missed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pictures", type=int, default=4_000)
    arguments.add_argument("--rows", type=int, default=4_000)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        encoded = make_version(base / "version", chosen.pictures, chosen.rows)
        view = StageView(base / "version", 2)
        order = np.random.default_rng(1).permutation(chosen.rows).tolist()
        ids = [[int(ref["image_id"][6:12]) for ref in each] for each in view.table.column("images").to_pylist()]
        loaded = [
            datasets.load_dataset(str(base / "version"), config, split="train", cache_dir=str(base / "cache"))
            for config in ("stage2", "images")
        ]
        places = {image_id: at for at, image_id in enumerate(loaded[1]["image_id"])}
        by_view(view, order[:BATCH])
        jobs = [
            lambda part: by_memory(encoded, part, ids),
            lambda part: by_view(view, part),
            lambda part: by_datasets(loaded[0], loaded[1], places, part),
        ]
        found = rates(jobs, order, chosen.rounds)
    limit, ours, theirs = np.median(found, axis=0)
    share, times = np.median(found[:, 1] / found[:, 0]), np.median(found[:, 1] / found[:, 2])
    print(f"decoded from memory {limit:,.0f} pictures per CPU s, view {ours:,.0f}, datasets {theirs:,.0f}")
    print(f"view: {share:.2f} of decoding from memory (bar {LIMIT_BAR})")
    print(f"view: {times:.2f} times datasets (bar {DATASETS_BAR})")
    return int(share < LIMIT_BAR or times < DATASETS_BAR)


if __name__ == "__main__":
    sys.exit(main())
