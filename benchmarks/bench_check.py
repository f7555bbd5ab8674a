"""The structural check of a version of 8,000,000 conversations, beside reading its bytes once for their digests.

    python benchmarks/bench_check.py STORE/steps/stage/<digest>          # the tables of a real build: the bar
    python benchmarks/bench_check.py [FOLDER] [--rows 8000000] [--out DIR]

A folder of the stage step, such as a build of `paper_scale` at official size leaves, is checked as it is, with a
manifest of its files. FOLDER may be a published version too, by default a small one built for it: its rows of
conversations are repeated under new sample ids until there are enough, its other tables stay. Prints seconds of the
check on the clock and of CPU (files are read by several threads), CPU seconds of sha256 alone, and the ratio.
Bar: check below 10 s, at 8,000,000 rows and the tables of twelve sources.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from small import small_version

from schemas.keys import file_sha256
from schemas.manifest import FileEntry, Manifest
from schemas.tables import FORMAT_VERSION, TABLES
from tasks.checking.report import check_folder
from tasks.steps.store import load_step
from tasks.versions.manifest import dump_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.writer import write

PER_FILE = 500_000
FULL = 8_000_000
BAR = 10.0


def main() -> None:
    """Make the version, check it, say what it took."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.out) as place:
        folder = Path(place) / "version"
        if options.folder and (options.folder / "step.json").is_file():
            _as_staged(options.folder, folder)
        else:
            _grow(options.folder or small_version(Path(place)), folder, options.rows)
        hashed, _ = _taken(lambda: [file_sha256(path) for path in sorted(folder.rglob("*.parquet"))])
        checked, clock = _taken(lambda: print("\n".join(check_folder(folder, "structure").lines[:10])))
        tables = [entry for entry in VersionFolder(folder).manifest.files if entry.table]
    rows = sum(entry.rows or 0 for entry in tables if entry.table == "conversations")
    others = sum(entry.rows or 0 for entry in tables) - rows
    print(f"structural check of {rows:,} conversations and {others:,} rows of other tables, {len(tables)} files:")
    print(f"{clock:.2f} s on the clock, {checked:.2f} CPU s; sha256 alone {hashed:.2f} CPU s")
    if rows >= FULL - 1:
        print(f"bar at {FULL:,} rows, below {BAR:.0f} s: {'met' if clock < BAR else 'MISSED'}")
    print(f"check / sha256: {checked / hashed:.2f}")


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds and seconds on the clock."""
    start, begun = time.process_time(), time.monotonic()
    work()
    return time.process_time() - start, time.monotonic() - begun


def _as_staged(step: Path, folder: Path) -> None:
    """The files that a build staged, by links, with our contracts and a manifest that is true."""
    entries = [FileEntry.model_validate(entry) for entry in load_step(step).facts["files"]]
    for entry in entries:
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link((step / entry.path).resolve(), target)
    empty: dict[str, object] = {"sources": [], "gates": [], "parents": [], "recipe": {}, "steps": {}, "models": {}}
    named = {"name": "staged", "version": "1.0.0", "title": "Staged", "writer": "", "recipe_digest": "0" * 64}
    numbers = {"format_version": FORMAT_VERSION, "seed": 0, "files": entries}
    manifest = Manifest.model_validate({**empty, **named, **numbers})
    (folder / "manifest.json").write_bytes(dump_manifest(manifest))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a published version; a small one is built without it")
    parser.add_argument("--rows", type=int, default=FULL)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _grow(source: Path, folder: Path, rows: int) -> None:
    """A version with as many conversations, each file of one stage, split and family, and a manifest that is true."""
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("stage?"))
    version = VersionFolder(source)
    kept = [entry for entry in version.manifest.files if entry.table != "conversations"]
    largest = max((e for e in version.manifest.files if e.table == "conversations"), key=lambda entry: entry.rows or 0)
    seed = pq.read_table(source / largest.path, partitioning=None)
    grown = list(_files(seed, folder, largest, rows))
    files = sorted([*kept, *grown], key=lambda entry: entry.path)
    (folder / "manifest.json").write_bytes(dump_manifest(version.manifest.model_copy(update={"files": files})))


def _files(seed: pa.Table, folder: Path, like: FileEntry, rows: int) -> Iterator[FileEntry]:
    ids = seed.column("sample_id").to_pylist()
    prefix = ids[0].rsplit("-", 1)[0]
    for number, start in enumerate(range(0, rows, PER_FILE)):
        count = min(PER_FILE, rows - start)
        table = seed.take(pa.array(np.arange(count) % len(ids)))
        names = pa.array([f"{prefix}-{(start + n) * 0x9E3779B97F4A7 % (1 << 64):016x}" for n in range(count)])
        path = folder / "data" / f"stage{like.stage}" / f"{Path(like.path).stem.rsplit('-', 1)[0]}-{number:04d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write(TABLES["conversations"], table.set_column(0, seed.schema.field(0), names), path)
        size, sha256 = path.stat().st_size, file_sha256(path)
        values = {"path": path.relative_to(folder).as_posix(), "size": size, "sha256": sha256, "rows": count}
        yield like.model_copy(update={**values, "logical": None})


if __name__ == "__main__":
    main()
