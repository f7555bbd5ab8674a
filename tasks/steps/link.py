"""Link person keys that are one person: pictures with the same bytes, or nearly the same picture, under two keys.

A near picture must pass three looks, because a false link takes a person out of training: hashes at most four bits
apart, neither of them flat; the same shape within a tenth; and 32x32 grey pictures that differ by a few levels only,
less where the contrast is low. The third look reads just the images that passed the other two.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import links
from generators.links import clusters, groups_of_equal, is_flat, near_pairs
from schemas.errors import BadTable
from schemas.keys import code_revision
from schemas.tables import IDENTITY_LINKS
from tasks.packs import decode, phash
from tasks.packs.decode import Decoded
from tasks.packs.phash import thumbnails
from tasks.steps.store import StepOutput, run_step
from tasks.versions.writer import from_rows, write

_MEAN_DIFFERENCE = 6.0
_SHAPE = 1.1
_COLUMNS = ["image_id", "sha256", "phash", "width", "height"]


def link(store: Path, ingests: Sequence[StepOutput]) -> StepOutput:
    """Find the links among the persons of several ingested sources; their order does not matter."""
    ordered = sorted(ingests, key=lambda step: step.digest)
    code = code_revision(links, decode, phash, inspect.getmodule(link))
    inputs = {"ingests": [step.digest for step in ordered], "code": code}
    return run_step(store, "link", inputs, partial(_work, store, ordered))


@dataclass(slots=True)
class _Images:
    """The stored images of persons, as columns; `pack` tells where the bytes are."""

    ids: list[str]
    person: list[str]
    sha256: list[str]
    phash: npt.NDArray[np.uint64]
    shape: npt.NDArray[np.float64]
    pack: list[str]


@dataclass(slots=True)
class _Found:
    """The best evidence for each pair of persons and reason: (distance, image, image)."""

    best: dict[tuple[str, str, str], tuple[int, str, str]] = field(default_factory=dict)

    def add(self, images: _Images, a: int, b: int, reason: str, distance: int) -> None:
        a, b = (a, b) if (images.person[a], images.ids[a]) < (images.person[b], images.ids[b]) else (b, a)
        key = (images.person[a], images.person[b], reason)
        evidence = (distance, images.ids[a], images.ids[b])
        self.best[key] = min(self.best.get(key, evidence), evidence)


def _work(store: Path, ingests: Sequence[StepOutput], folder: Path) -> dict[str, Any]:
    images = _load(store, ingests)
    found = _Found()
    for a, b in _same_bytes(images):
        found.add(images, a, b, "same_bytes", 0)
    candidates, split_runs = _candidates(images)
    kept = list(_looked_at(store / "packs", images, candidates))
    for a, b, distance in kept:
        found.add(images, a, b, "near_duplicate", distance)
    rows = list(_rows(found))
    write(IDENTITY_LINKS, from_rows(IDENTITY_LINKS, rows), folder / "identity_links.parquet")
    return {
        "images": len(images.ids),
        "links": len(rows),
        "links_across_sources": sum(_source(row["person_a"]) != _source(row["person_b"]) for row in rows),
        "persons_linked": len({row[side] for row in rows for side in ("person_a", "person_b")}),
        "near_candidates": len(candidates),
        "near_refused_by_pixels": len(candidates) - len(kept),
        "flat_hashes": int(is_flat(images.phash).sum()),
        "long_runs_split": split_runs,
    }


def _source(person_key: str) -> str:
    return person_key.partition(":")[0]


def _load(store: Path, ingests: Sequence[StepOutput]) -> _Images:
    tables = [table for step in ingests for table in _ingested(store, step)]
    empty = pa.schema([("image_id", pa.string()), ("person_key", pa.string()), ("pack", pa.string())]).empty_table()
    joined = pa.concat_tables([empty, *tables], promote_options="default").sort_by("image_id")
    if not joined.num_rows:
        return _Images([], [], [], np.empty(0, np.uint64), np.empty(0), [])
    return _Images(
        ids=joined.column("image_id").to_pylist(),
        person=joined.column("person_key").to_pylist(),
        sha256=joined.column("sha256").to_pylist(),
        phash=joined.column("phash").to_numpy(),
        shape=np.asarray(pc.divide(joined.column("height").cast(pa.float64()), joined.column("width")).to_numpy()),
        pack=joined.column("pack").to_pylist(),
    )


def _ingested(store: Path, step: StepOutput) -> Iterator[pa.Table]:
    """The images of persons of one source, pack by pack, with their person keys."""
    persons = _read(step.folder / "person_images.parquet", ["image_id", "person_key"])
    persons = persons.filter(pc.is_valid(persons.column("person_key")))
    for pack in step.facts["packs"]:
        stored = _read(store / "packs" / pack["file"], _COLUMNS)
        place = pc.index_in(stored.column("image_id"), value_set=persons.column("image_id").combine_chunks())
        stored = stored.append_column("person_key", persons.column("person_key").take(place.combine_chunks()))
        stored = stored.append_column("pack", pa.repeat(pa.scalar(pack["file"]), stored.num_rows))
        yield stored.filter(pc.is_valid(stored.column("person_key")))


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, partitioning=None).replace_schema_metadata(None)
    except (OSError, pa.ArrowException) as error:
        raise BadTable(
            f"The stored file {path.name!r} cannot be read ({str(error).splitlines()[0]}); "
            "remove it from the store and run the build again."
        ) from error


def _same_bytes(images: _Images) -> Iterator[tuple[int, int]]:
    """Images of different persons with equal bytes; a flat picture is a placeholder and says nothing of persons."""
    flat = is_flat(images.phash)
    for group in groups_of_equal(images.sha256):
        firsts = {images.person[place]: place for place in reversed(group)}
        if not flat[group[0]]:
            yield from combinations(sorted(firsts.values()), 2)


def _candidates(images: _Images) -> tuple[list[tuple[int, int, int]], int]:
    """Pairs of images of different persons and near hashes and shapes, with distances; and the long runs split."""
    telling = np.flatnonzero(~is_flat(images.phash)) if images.ids else np.empty(0, np.int64)
    hashes, group = np.unique(images.phash[telling], return_inverse=True)
    members: list[dict[str, int]] = [{} for _ in hashes]
    for place, number in zip(telling.tolist(), group.tolist(), strict=True):
        members[number].setdefault(images.person[place], place)
    near = near_pairs(hashes)
    pairs = zip(near.first.tolist(), near.second.tolist(), near.distance.tolist(), strict=True)
    equal = ((number, number, 0) for number, persons in enumerate(members) if len(persons) > 1)
    return sorted(_across(images, members, [*equal, *pairs])), near.split_runs


def _across(
    images: _Images, members: list[dict[str, int]], near: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[int, int, int]]:
    for first, second, distance in near:
        for (person_a, a), (person_b, b) in product(members[first].items(), members[second].items()):
            different = person_a < person_b if first == second else person_a != person_b
            if different and images.sha256[a] != images.sha256[b] and _same_shape(images, a, b):
                yield min(a, b), max(a, b), distance


def _same_shape(images: _Images, a: int, b: int) -> bool:
    return bool(1 / _SHAPE < images.shape[a] / images.shape[b] < _SHAPE)


def _looked_at(
    packs: Path, images: _Images, candidates: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[int, int, int]]:
    """The candidates whose pictures are nearly equal."""
    pictures = _pictures(packs, images, {place for a, b, _ in candidates for place in (a, b)})
    for a, b, distance in candidates:
        one, other = pictures[a], pictures[b]
        contrast = min(one.std(), other.std())
        if np.abs(one - other).mean() <= min(_MEAN_DIFFERENCE, 1 + 0.15 * contrast):
            yield a, b, distance


def _pictures(packs: Path, images: _Images, places: set[int]) -> dict[int, npt.NDArray[np.float64]]:
    by_pack: dict[str, list[int]] = {}
    for place in sorted(places):
        by_pack.setdefault(images.pack[place], []).append(place)
    found: dict[int, npt.NDArray[np.float64]] = {}
    for pack, wanted in by_pack.items():
        found.update(_pack_pictures(packs / pack, {images.ids[place]: place for place in wanted}))
    return found


def _pack_pictures(path: Path, wanted: Mapping[str, int]) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    stored = _read(path, ["image_id", "image"])
    stored = stored.filter(pc.is_in(stored.column("image_id"), value_set=pa.array(wanted)))
    for row in stored.to_pylist():
        decoded = decode.decode(row["image"]["bytes"], row["image"]["path"].rpartition(".")[2])
        if not isinstance(decoded, Decoded):
            raise BadTable(f"The stored image {row['image_id']!r} in {path.name!r} is damaged: {decoded.detail}")
        yield wanted[row["image_id"]], thumbnails([decoded.grey])[0]


def _rows(found: _Found) -> Iterator[dict[str, Any]]:
    cluster = clusters((a, b) for a, b, _ in found.best)
    for (a, b, reason), (distance, evidence_a, evidence_b) in sorted(found.best.items()):
        yield {
            "person_a": a,
            "person_b": b,
            "reason": reason,
            "evidence_a": evidence_a,
            "evidence_b": evidence_b,
            "distance": distance,
            "cluster": cluster[a],
        }
