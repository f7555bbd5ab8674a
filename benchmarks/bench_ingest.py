"""Ingest against reading and verifying alone, against two `datasets` pipelines, and its memory and strictness.

    .venv/bin/python benchmarks/bench_ingest.py                     # the size of Market-1501, some minutes
    .venv/bin/python benchmarks/bench_ingest.py --images 8000       # a quick look: start-up weighs more
    .venv/bin/python benchmarks/bench_ingest.py --images 100000 --only ingest

Bars: at most 1.5 times `verify`; `generator` at least 2.3 times and `imagefolder` 9 times ingest; below 250 MB, also
at 100,000 images; every truncated JPEG refused, and 45 % of those with 256 bytes zeroed.

Figures are medians of the CPU of whole processes (imports and children included), run in turn, over 32,668 images in
the layout of Market-1501, 64x128 JPEGs of about 3.4 KB. `verify` lists, reads and decodes every image strictly, with
the same decoder and scale as ingest: no digest, no header, no name, no hash, nothing kept. `generator` is a `datasets`
generator that yields bytes, a full PIL load and a sha256, then to_parquet. `imagefolder` embeds and writes and checks
nothing. `net` takes off what the same job costs on 16 images, which is start-up and imports; it is shown beside the
figure that counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg

DAMAGED = 400
FEW = 16
BARS = {"verify": 1.5, "generator": 2.3, "imagefolder": 9.0}
LIMIT_MB = 250
REFUSED = {"truncated": 1.0, "256 bytes zeroed": 0.45}


@dataclass(frozen=True, slots=True)
class Run:
    """CPU seconds and peak memory of one process."""

    cpu: float
    peak_mb: float


def jpegs(count: int, seed: int = 7) -> Iterator[bytes]:
    """Noisy gradients with a few blocks, encoded at quality 87."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:128, 0:64]
    for _ in range(count):
        slopes = rng.uniform(-1.2, 1.2, (3, 2))
        picture = 128 + slopes[:, 0] * (down[..., None] - 64) + slopes[:, 1] * (across[..., None] - 32)
        for _ in range(6):
            top, left = rng.integers(0, 110), rng.integers(0, 50)
            picture[top : top + rng.integers(8, 40), left : left + rng.integers(6, 24)] = rng.uniform(0, 255, 3)
        picture += rng.normal(0, 7, picture.shape)
        yield simplejpeg.encode_jpeg(np.ascontiguousarray(picture.clip(0, 255).astype(np.uint8)), 87)


def draw(root: Path, count: int) -> None:
    """A folder in the layout of Market-1501 with `count` images; 2,000 are drawn, each copy ends with its number."""
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        (root / folder).mkdir(parents=True)
    drawn = list(jpegs(min(count, 2_000)))
    for number in range(count):
        person, camera = number // 18 + 1, number % 6 + 1
        folder = "bounding_box_train" if person % 2 else ("query" if number % 18 < 6 else "bounding_box_test")
        name = f"{person:04d}_c{camera}s1_{number % 10**6:06d}_{number % 99 + 1:02d}.jpg"
        (root / folder / name).write_bytes(_numbered(drawn[number % len(drawn)], number))


def _numbered(data: bytes, number: int) -> bytes:
    """The JPEG with a comment segment, so that no two files are equal."""
    return data[:2] + b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big") + data[2:]


def job_verify(root: Path, out: Path) -> None:
    """Read every image and decode it strictly, nothing else."""
    for folder in sorted(os.scandir(root), key=lambda entry: entry.name):
        for entry in sorted(os.scandir(folder.path), key=lambda entry: entry.name):
            with open(entry.path, "rb") as file:
                simplejpeg.decode_jpeg(file.read(), "GRAY", min_height=32, min_width=32)


def job_ingest(root: Path, out: Path) -> None:
    """Our ingest."""
    from tasks.steps.ingest import ingest

    ingest(out / "store", "market1501", root)


def job_generator(root: Path, out: Path) -> None:
    """A `datasets` generator with the same checks: bytes, full PIL load, sha256; then one Parquet file."""
    import hashlib
    import io

    from datasets import Dataset
    from PIL import Image

    def rows() -> Iterator[dict[str, object]]:
        for path in sorted(root.rglob("*.jpg")):
            data = path.read_bytes()
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                size = image.size
            digest = hashlib.sha256(data).hexdigest()
            yield {"id": path.name, "image": data, "sha256": digest, "width": size[0], "height": size[1]}

    made = Dataset.from_generator(rows, cache_dir=str(out / "cache"))
    made.to_parquet(str(out / "out.parquet"))


def job_imagefolder(root: Path, out: Path) -> None:
    """`datasets` imagefolder, bytes embedded, written to Parquet; no check and no digest.

    Given the folder, as its users do, it finds splits in the folder names and leaves the query images out.
    """
    from datasets import load_dataset
    from datasets.table import embed_table_storage

    made = load_dataset("imagefolder", data_dir=str(root), cache_dir=str(out / "cache"))
    for name, split in made.items():
        embedded = split.with_format("arrow").map(embed_table_storage, batched=True, batch_size=1_000)
        embedded.to_parquet(str(out / f"{name}.parquet"))


JOBS: dict[str, Callable[[Path, Path], None]] = {
    "verify": job_verify,
    "ingest": job_ingest,
    "generator": job_generator,
    "imagefolder": job_imagefolder,
}


def measure(job: str, root: Path) -> Run:
    """Run a job in a process of its own, with an empty output folder, its modules compiled by the run before."""
    with tempfile.TemporaryDirectory() as out:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": f"{out}/hf"}
        # As installed: Python keeps compiled modules, which some machines are told not to do.
        environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(root.parent / "compiled")}
        command = [sys.executable, __file__, "--job", job, "--root", str(root), "--out", out]
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = child.stderr.read() if child.stderr else b""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"The job {job} failed:\n{said.decode()[-2_000:]}")
        return Run(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def refused() -> dict[str, float]:
    """The share of damaged JPEGs that our decoder and PIL refuse."""
    from tasks.packs.decode import Decoded, decode

    rng = np.random.default_rng(11)
    images = list(jpegs(DAMAGED, seed=3))
    cut = [data[: int(len(data) * rng.uniform(0.3, 0.97))] for data in images]
    zeroed = [_zeroed(data, int(rng.integers(len(data) // 4, len(data) - 300))) for data in images]
    shares = {}
    for name, damaged in (("truncated", cut), ("256 bytes zeroed", zeroed)):
        shares[name] = sum(not isinstance(decode(data, "jpg"), Decoded) for data in damaged) / DAMAGED
        shares[f"{name}, PIL load"] = sum(not _pil_loads(data) for data in damaged) / DAMAGED
    return shares


def _zeroed(data: bytes, start: int) -> bytes:
    return data[:start] + bytes(256) + data[start + 256 :]


def _pil_loads(data: bytes) -> bool:
    import io

    from PIL import Image

    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return False
    return True


def compare(images: int, rounds: int, jobs: list[str]) -> None:
    """Alternate the jobs and print medians, ratios to ingest, and whether each bar is met."""
    with tempfile.TemporaryDirectory() as folder:
        root, few = Path(folder) / "many", Path(folder) / "few"
        draw(root, images)
        draw(few, FEW)
        runs: dict[str, list[Run]] = {job: [] for job in jobs}
        start = {job: statistics.median(measure(job, few).cpu for _ in range(rounds)) for job in jobs}
        for _ in range(rounds):
            for job in jobs:
                runs[job].append(measure(job, root))
    print(f"{images} images, medians of {rounds} rounds; CPU seconds of the whole process")
    cpu = {job: statistics.median(run.cpu for run in runs[job]) for job in jobs}
    for job in jobs:
        peak = statistics.median(run.peak_mb for run in runs[job])
        print(f"  {job:12} {cpu[job]:7.2f} s, start-up {start[job]:5.2f} s, peak {peak:5.0f} MB")
    for job, bar in BARS.items():
        if job in jobs and "ingest" in jobs:
            print_ratio(job, bar, cpu, start)
    if "ingest" in jobs:
        peak = max(run.peak_mb for run in runs["ingest"])
        print(f"peak memory of ingest {peak:.0f} MB (bar: below {LIMIT_MB}): {verdict(peak < LIMIT_MB)}")


def print_ratio(job: str, bar: float, cpu: dict[str, float], start: dict[str, float]) -> None:
    """One ratio, whole and net of start-up, with its bar."""
    net = {name: cpu[name] - start[name] for name in (job, "ingest")}
    if job == "verify":
        whole, inner = cpu["ingest"] / cpu[job], net["ingest"] / net[job]
        print(f"ingest / verify-only: {whole:.2f} whole, {inner:.2f} net (bar: at most {bar}): {verdict(whole <= bar)}")
    else:
        whole, inner = cpu[job] / cpu["ingest"], net[job] / net["ingest"]
        print(f"{job} / ingest: {whole:.1f} whole, {inner:.1f} net (bar: at least {bar}): {verdict(whole >= bar)}")


def verdict(met: bool) -> str:
    """How a bar ended."""
    return "met" if met else "MISSED"


def main() -> None:
    """Parse the command line and run the jobs asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=32_668)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(JOBS), default=list(JOBS))
    parser.add_argument("--job", choices=list(JOBS), help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.job:
        JOBS[asked.job](asked.root, asked.out)
        return
    compare(asked.images, asked.rounds, asked.only)
    for name, share in refused().items():
        bar = f" (bar: at least {REFUSED[name]:.0%}): {verdict(share >= REFUSED[name])}" if name in REFUSED else ""
        print(f"refused, {name}: {share:.0%}{bar}")


if __name__ == "__main__":
    main()
