"""The difference of two versions of 200,000 conversations, of which one in a hundred texts changed.

    python benchmarks/bench_diff.py [FOLDER] [--rows 200000] [--out DIR]

FOLDER is any published version, by default a small one built for it: its conversations are repeated under new sample
ids until there are enough. In the second version one caption in a hundred reads differently, as do the rows of
conversations that show it; as many rows went and came. Prints CPU seconds of the comparison with its words and JSON,
the peak of memory, and the bytes that publishing the second version stores anew. Bars: below 10 s; no image file is
sent again.
"""

import argparse
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from small import small_version

from schemas.keys import file_sha256
from schemas.manifest import FileEntry
from schemas.tables import TABLES
from tasks.versions.diff.comparing import compare
from tasks.versions.diff.words import in_words
from tasks.versions.manifest import digest_of, dump_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.remotes.local import LocalRemote
from tasks.versions.writer import write

BAR = 10.0
_EVERY = 100
_PER_FILE = 500_000


def main() -> None:
    """Make both versions, compare them, say what it took."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.out) as place:
        base = Path(place)
        remote = LocalRemote(base / "remote")
        source = VersionFolder(options.folder or small_version(base))
        old = _published(remote, source, base / "staged", "0.1.0", options.rows)
        before = _stored(base / "remote")
        new = _published(remote, source, base / "staged", "0.1.1", options.rows)
        sent = [found for inode, found in _stored(base / "remote").items() if inode not in before]
        made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        found = compare(old, new)
        said = len(json.dumps(found.as_json())) + len(in_words(found))
        spent = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for section in found.sections:
        print(f"{section.title}: {section.summary}")
    print(f"diff of two versions of {options.rows:,} rows: {spent:.2f} CPU s, {said:,} characters")
    print(f"bar, below {BAR:.0f} s: {_said(spent < BAR)}")
    print(f"peak memory {peak >> 10:,} MiB; {made >> 10:,} MiB before, while the versions were made")
    pictures = sum(size for path, size in sent if path.parent.name == "images")
    stored = sum(size for _, size in sent)
    print(f"bytes stored anew for the second version: {stored:,}, of image files {pictures:,}")
    print(f"bar, no image file: {_said(not pictures)}")


def _said(met: bool) -> str:
    return "met" if met else "MISSED"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="a published version; a small one is built without it")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _stored(root: Path) -> dict[int, tuple[Path, int]]:
    """Path and size of every stored file by its inode: a second name of a file stores nothing anew."""
    return {path.stat().st_ino: (path, path.stat().st_size) for path in root.rglob("*") if path.is_file()}


def _published(remote: LocalRemote, source: VersionFolder, staged: Path, version: str, rows: int) -> VersionFolder:
    changed = version != "0.1.0"
    folder = staged / version
    entries = [entry for old in source.manifest.files for entry in _grown(source, old, folder, changed, rows)]
    facts = {"version": version, "files": sorted(entries, key=lambda entry: entry.path)}
    manifest = source.manifest.model_copy(update=facts)
    data = dump_manifest(manifest)
    places = {entry.path: _first(folder / entry.path, source.folder / entry.path) for entry in entries}
    remote.put(manifest.name, manifest, data, places)
    remote.refer(manifest.name, version, digest_of(data))
    shutil.rmtree(folder)
    return VersionFolder(Path(remote.open(manifest.name, digest_of(data)).place))


def _first(*places: Path) -> Path:
    return next(place for place in places if place.is_file())


def _grown(source: VersionFolder, entry: FileEntry, folder: Path, changed: bool, rows: int) -> Iterator[FileEntry]:
    """The files that stand for one of the source: captions changed, conversations repeated, others as they are."""
    path = source.folder / entry.path
    if entry.table == "captions" and changed:
        yield _put(_other_words(_read(path, "captions")), entry, folder, "")
    elif entry.table == "conversations" and entry.rows:
        total = sum(each.rows or 0 for each in source.manifest.files if each.table == "conversations")
        wanted = max(1, rows * entry.rows // total)
        for start in range(0, wanted, _PER_FILE):
            seed = _read(path, "conversations")
            table = _repeated(seed, f"{entry.split}-{start}", start, min(_PER_FILE, wanted - start), changed)
            yield _put(table, entry, folder, f"-{start // _PER_FILE:04d}" if wanted > _PER_FILE else "")
    else:
        yield entry


def _read(path: Path, table: str) -> pa.Table:
    return pq.read_table(path, partitioning=None).select(TABLES[table].schema.names).replace_schema_metadata(None)


def _other_words(table: pa.Table) -> pa.Table:
    """One caption in a hundred, and the first, with a word more."""
    texts = table.column("text").to_pylist()
    words = [f"{text} Seen." if number % _EVERY == 0 else text for number, text in enumerate(texts)]
    place = table.schema.get_field_index("text")
    return table.set_column(place, table.schema.field(place), pa.array(words, pa.string()))


def _repeated(seed: pa.Table, prefix: str, start: int, count: int, changed: bool) -> pa.Table:
    """Rows under new ids; `changed` ones say a word more in one row of a hundred, and one in two hundred is another."""
    numbers = np.arange(start, start + count)
    table = seed.take(pa.array(numbers % seed.num_rows))
    moved = np.where(changed & (numbers % (2 * _EVERY) == 1), numbers + (1 << 40), numbers)
    family = seed.column("family")[0].as_py()
    ids = [f"{family}-{prefix}-{int(number) * 0x9E3779B97F4A7 % (1 << 64):016x}" for number in moved]
    table = table.set_column(0, seed.schema.field(0), pa.array(ids))
    if not changed:
        return table
    place = table.schema.get_field_index("turns")
    lists = table.column(place).combine_chunks()
    turns = lists.values
    owner = np.repeat(numbers, np.diff(lists.offsets.to_numpy()))
    words = pc.struct_field(turns, "text")
    longer = pc.if_else(pa.array(owner % _EVERY == 0), pc.binary_join_element_wise(words, "seen", " "), words)
    other = pa.StructArray.from_arrays([pc.struct_field(turns, "role"), longer], fields=list(turns.type))
    return table.set_column(place, table.schema.field(place), pa.ListArray.from_arrays(lists.offsets, other))


def _put(table: pa.Table, entry: FileEntry, folder: Path, part: str) -> FileEntry:
    draft = folder / "draft.parquet"
    draft.parent.mkdir(parents=True, exist_ok=True)
    write(TABLES[str(entry.table)], table, draft)
    sha256 = file_sha256(draft)
    old = Path(entry.path)
    place = old.parent / f"{old.stem.rsplit('-', 1)[0]}{part}-{sha256[:12]}.parquet"
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    size = draft.rename(folder / place).stat().st_size
    values = {"path": place.as_posix(), "size": size, "sha256": sha256, "rows": table.num_rows, "logical": None}
    return entry.model_copy(update=values)


if __name__ == "__main__":
    main()
