"""Publish and pull through a folder remote, against plain copying and hashing of the same bytes.

Bar: at least 0.8 of the speed of `shutil.copyfile` plus sha256, in CPU seconds. The last figure is what a version with
one changed caption file adds to the remote: image bytes must not be stored again.

    python benchmarks/bench_publish.py [--megabytes 512] [--rounds 3]
"""

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from schemas.manifest import FileEntry, Manifest
from tasks.steps.pull import pull
from tasks.versions.manifest import digest_of, dump_manifest
from tasks.versions.remotes.local import LocalRemote

_PACK = 16 << 20


def main() -> None:
    """Measure and print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        files = _packs(base / "staged", asked.megabytes)
        rounds = [_round(base / f"round{number}", files) for number in range(asked.rounds)]
    for name in ("publish", "pull"):
        ratio = statistics.median(found["plain"] / found[name] for found in rounds)
        seconds = statistics.median(found[name] for found in rounds)
        print(f"{name}: {seconds:.2f} CPU s for {asked.megabytes} MB, {ratio:.2f} of copy and sha256 (bar 0.8)")
    print(f"image bytes stored again for one changed caption file: {rounds[0]['resent']:.0f} (bar 0)")


def _packs(folder: Path, megabytes: int) -> dict[str, Path]:
    """Files of random bytes, as incompressible as pictures are."""
    folder.mkdir(parents=True)
    files = {}
    for number in range(megabytes * (1 << 20) // _PACK):
        path = folder / f"{number:04d}"
        path.write_bytes(os.urandom(_PACK))
        files[f"data/images/toy-{number:04d}-{_sha256(path)[:12]}.parquet"] = path
    return files


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _round(base: Path, files: dict[str, Path]) -> dict[str, float]:
    remote = LocalRemote(base / "remote")
    first = _manifest("0.1.0", files, b"a man in red")
    found = {
        "plain": _cpu(lambda: _plain(files, base / "plain")),
        "publish": _cpu(lambda: _publish(remote, *first)),
        "pull": _cpu(lambda: pull(remote.root, "toy@0.1.0", base / "pulled")),
    }
    before = _stored(remote.root)
    _publish(remote, *_manifest("0.2.0", files, b"a man in blue"))
    found["resent"] = sum(size for inode, size in _stored(remote.root).items() if inode not in before and size >= _PACK)
    shutil.rmtree(base)
    return found


def _manifest(version: str, files: dict[str, Path], words: bytes) -> tuple[Manifest, dict[str, Path | bytes]]:
    contents: dict[str, Path | bytes] = {**files, f"data/captions/toy-{digest_of(words)[:12]}.parquet": words}
    entries = [_entry(path, content) for path, content in sorted(contents.items())]
    facts = {"name": "toy", "title": "toy", "writer": "none", "recipe_digest": "0" * 64, "seed": 0, "format_version": 1}
    empty = {"sources": [], "gates": [], "parents": [], "recipe": {}, "steps": {}, "models": {}}
    manifest = Manifest.model_validate({**facts, **empty, "version": version, "files": entries})
    return manifest, contents


def _entry(path: str, content: Path | bytes) -> FileEntry:
    if isinstance(content, bytes):
        return FileEntry(path=path, size=len(content), sha256=digest_of(content))
    return FileEntry(path=path, size=content.stat().st_size, sha256=_sha256(content))


def _publish(remote: LocalRemote, manifest: Manifest, contents: dict[str, Path | bytes]) -> None:
    data = dump_manifest(manifest)
    remote.put("toy", manifest, data, contents)
    remote.refer("toy", manifest.version, digest_of(data))
    remote.advance("toy", manifest.version, digest_of(data))


def _plain(files: dict[str, Path], to: Path) -> None:
    to.mkdir(parents=True)
    for path in files.values():
        shutil.copyfile(path, to / path.name)
        _sha256(to / path.name)


def _stored(root: Path) -> dict[int, int]:
    return {path.stat().st_ino: path.stat().st_size for path in root.rglob("*") if path.is_file()}


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
