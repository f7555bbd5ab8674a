"""Clearing the places where a build keeps pictures: steps, packs, caches, generations, and the cache of pulled files.

What is deleted there is made again by the next build, from raw data, without the person: `takedowns.json` of the store
lists what is never read again.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.generations.maintenance import purge_rows
from tasks.generations.segments import Row
from tasks.generations.store import GenerationStore
from tasks.packs.blocked import BLOCKED, blocked
from tasks.steps.store import LAID_OUT, write_record
from tasks.versions.takedown.doomed import Doomed
from tasks.versions.takedown.scan import remains_in, to_be_deleted


def block(store: Path, doomed: Doomed) -> None:
    """Add to that list; it names files, and no digest of a picture."""
    known = blocked(store)
    persons, images = known.persons | doomed.persons, known.images | doomed.images
    write_record(store / BLOCKED, {"persons": sorted(persons), "images": sorted(images)})


def to_clear(store: Path, doomed: Doomed) -> list[str]:
    """Every step, pack and cache entry that holds something doomed, as paths in the store, and what killed builds left
    of the people whom they were asking about."""
    gone = [_step_of(store, path) for path in _parquet(store, "steps") if _held(path, doomed)]
    gone += [path for path in _parquet(store, "packs") if _held(path, doomed)]
    gone += store.glob(f"{LAID_OUT}*")
    for path in _parquet(store, "cache"):
        if _held(path, doomed):
            gone += [path, *path.parent.glob(f"{path.stem}.*")]
    gone += _torn_logs(store, doomed)
    return sorted({path.relative_to(store).as_posix() for path in gone})


def clear_store(store: Path, places: Iterable[str]) -> None:
    """Delete such places."""
    for place in places:
        _delete(store / place)


def _torn_logs(store: Path, doomed: Doomed) -> list[Path]:
    """Damaged logs that were set aside and still say something about the person."""
    return [path for path in sorted((store / "generations").glob("*-damaged-*")) if to_be_deleted(path, doomed)]


def _parquet(store: Path, room: str) -> Iterator[Path]:
    yield from sorted((store / room).rglob("*.parquet"))


def _held(path: Path, doomed: Doomed) -> bool:
    """Whether a file must go; a draft that was never ended also when it cannot be read."""
    return to_be_deleted(path, doomed) if ".draft-" in str(path) else remains_in(path, doomed)


def _step_of(store: Path, path: Path) -> Path:
    """The folder of the step that a file is an output of: steps/<step>/<digest>."""
    return store.joinpath(*path.relative_to(store).parts[:3])


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def purge_generations(store: Path, doomed: Doomed, keys: frozenset[str]) -> int:
    """Remove what models said about the pictures: the answers with these keys, or about these subjects."""
    if not (store / "generations").is_dir():
        return 0

    def meant(row: Row) -> bool:
        return row.key in keys or row.about.subject.split("#")[0] in doomed.images | doomed.persons

    with GenerationStore(store / "generations") as generations:
        return purge_rows(generations, meant)


def clear_pulled(cache: Path, doomed: Doomed) -> int:
    """Delete every fetched file of the cache that holds something doomed, whatever version it was fetched for."""
    paths = sorted(path for path in (cache / "objects").glob("??/*") if not path.name.startswith("."))
    held = [path for path in paths if to_be_deleted(path, doomed)]
    for path in held:
        path.unlink()
    return len(held)
