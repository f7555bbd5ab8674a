"""Link person keys that are one person: by a name kept from another dataset, by equal bytes, by nearly equal pictures.

A near picture must pass three looks, because a false link takes a person out of training: hashes at most four bits
apart, neither of them flat; the same shape within a tenth; and 32x32 grey pictures that differ by a few levels only,
less where the contrast is low. The third look reads just the images that passed the other two. A recipe may add a
fourth kind: pictures of two datasets that an encoder finds closer than it says.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, islice, product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import links, near_hashes
from generators.links import clusters, groups_of_equal, overlaps, source_of
from generators.near_hashes import is_flat, near_pairs
from schemas.discovery import find
from schemas.errors import BadTable
from schemas.keys import code_revision
from schemas.miner import Miner
from schemas.recipe import Link
from schemas.tables import IDENTITY_LINKS
from tasks.packs import decode, phash
from tasks.packs.decode import Decoded
from tasks.packs.phash import thumbnails
from tasks.steps import embedded_links
from tasks.steps.store import StepOutput, run_step
from tasks.versions.writer import from_rows, write

_MEAN_DIFFERENCE = 6.0
_SHAPE = 1.1
_MOST_OF_A_BUCKET = 50_000  # pairs of persons whose pictures share one pair of hashes
_COLUMNS = ["image_id", "sha256", "phash", "width", "height"]
_PERSONS = ["image_id", "person_key", "overlap_source", "overlap_key"]


def link(store: Path, ingests: Sequence[StepOutput], settings: Link | None = None) -> StepOutput:
    """Find the links among the persons of several ingested sources; their order does not matter."""
    ordered = sorted(ingests, key=lambda step: step.digest)
    chosen = settings or Link()
    code = code_revision(links, near_hashes, decode, phash, embedded_links, inspect.getmodule(link))
    inputs = {"ingests": [step.digest for step in ordered], "code": code, "embedding": _encoder(chosen)}
    return run_step(store, "link", inputs, partial(_work, store, ordered, chosen))


def _encoder(settings: Link) -> list[Any] | None:
    """What the links by embedding depend on; None when there are none."""
    if settings.miner is None:
        return None
    miner: Miner = find("generators.miners", "MINER", settings.miner)
    return [settings.miner, miner.revision(settings.model), settings.max_distance]


@dataclass(slots=True)
class _Images:
    """The stored images of persons, as columns; `pack` tells where the bytes are."""

    ids: list[str]
    person: list[str]
    sha256: list[str]
    phash: npt.NDArray[np.uint64]
    shape: npt.NDArray[np.float64]
    pack: list[str]
    overlap_source: list[str | None]
    overlap_key: list[str | None]


@dataclass(slots=True)
class _Found:
    """The best evidence for each pair of persons and reason: (distance or -1 where none was measured, image, image)."""

    best: dict[tuple[str, str, str], tuple[int, str, str]] = field(default_factory=dict)

    def add(self, images: _Images, a: int, b: int, reason: str, distance: int | None) -> None:
        a, b = (a, b) if (images.person[a], images.ids[a]) < (images.person[b], images.ids[b]) else (b, a)
        key = (images.person[a], images.person[b], reason)
        evidence = (-1 if distance is None else distance, images.ids[a], images.ids[b])
        self.best[key] = min(self.best.get(key, evidence), evidence)


def _work(store: Path, ingests: Sequence[StepOutput], settings: Link, folder: Path) -> dict[str, Any]:
    images = _load(store, ingests)
    found = _Found()
    for a, b in _derived(images):
        found.add(images, a, b, f"derived_from_{images.overlap_source[a]}", None)
    for a, b in _same_bytes(images):
        found.add(images, a, b, "same_bytes", 0)
        if origin := _origin(images, a, b) or _origin(images, b, a):
            found.add(images, a, b, f"derived_from_{origin}", 0)
    candidates, facts = _candidates(images)
    kept = list(_looked_at(store / "packs", images, candidates))
    for a, b, distance in kept:
        found.add(images, a, b, "near_duplicate", distance)
    if settings.miner:
        facts["near_by_embedding"] = _add_embedded(found, store, ingests, settings, images)
    rows = list(_rows(found))
    write(IDENTITY_LINKS, from_rows(IDENTITY_LINKS, rows), folder / "identity_links.parquet")
    return {
        "images": len(images.ids),
        "links": len(rows),
        "links_across_sources": sum(source_of(row["person_a"]) != source_of(row["person_b"]) for row in rows),
        "persons_linked": len({row[side] for row in rows for side in ("person_a", "person_b")}),
        "overlaps": overlaps(rows),
        "near_candidates": len(candidates),
        "near_refused_by_pixels": len(candidates) - len(kept),
        "flat_hashes": int(is_flat(images.phash).sum()),
        **facts,
    }


def _add_embedded(found: _Found, store: Path, ingests: Sequence[StepOutput], settings: Link, images: _Images) -> int:
    """Add the pairs that an encoder finds, and count them; a flat picture is a placeholder here too."""
    place = {images.ids[at]: int(at) for at in np.flatnonzero(~is_flat(images.phash))}
    pairs = 0
    for one, other in embedded_links.near_images(store, ingests, settings, list(place)):
        found.add(images, place[one], place[other], "near_embedding", None)
        pairs += 1
    return pairs


def _load(store: Path, ingests: Sequence[StepOutput]) -> _Images:
    tables = [table for step in ingests for table in _ingested(store, step)]
    empty = pa.schema([(name, pa.string()) for name in (*_PERSONS, "pack")]).empty_table()
    joined = pa.concat_tables([empty, *tables], promote_options="default").sort_by("image_id")
    if not joined.num_rows:
        return _Images([], [], [], np.empty(0, np.uint64), np.empty(0), [], [], [])
    return _Images(
        ids=joined.column("image_id").to_pylist(),
        person=joined.column("person_key").to_pylist(),
        sha256=joined.column("sha256").to_pylist(),
        phash=joined.column("phash").to_numpy(),
        shape=np.asarray(pc.divide(joined.column("height").cast(pa.float64()), joined.column("width")).to_numpy()),
        pack=joined.column("pack").to_pylist(),
        overlap_source=joined.column("overlap_source").to_pylist(),
        overlap_key=joined.column("overlap_key").to_pylist(),
    )


def _ingested(store: Path, step: StepOutput) -> Iterator[pa.Table]:
    """The images of persons of one source, pack by pack, with their person keys."""
    persons = _read(step.folder / "person_images.parquet", _PERSONS)
    persons = persons.filter(pc.is_valid(persons.column("person_key")))
    for pack in step.facts["packs"]:
        stored = _read(store / "packs" / pack["file"], _COLUMNS)
        place = pc.index_in(stored.column("image_id"), value_set=persons.column("image_id").combine_chunks())
        for name in _PERSONS[1:]:
            stored = stored.append_column(name, persons.column(name).take(place.combine_chunks()))
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


def _derived(images: _Images) -> Iterator[tuple[int, int]]:
    """Images that kept the file name of an image of the dataset they were taken from, and that image."""
    wanted = {s for s, key in zip(images.overlap_source, images.overlap_key, strict=True) if s and key}
    originals: dict[tuple[str, str], list[int]] = {}
    for place, image_id in enumerate(images.ids) if wanted else ():
        if (source := image_id.partition("/")[0]) in wanted:
            originals.setdefault((source, image_id.rpartition("/")[2]), []).append(place)
    for place, (taken_from, key) in enumerate(zip(images.overlap_source, images.overlap_key, strict=True)):
        found = originals.get((taken_from, key), []) if taken_from and key else []
        yield from ((place, original) for original in _same_side(images, place, found))


def _same_side(images: _Images, place: int, originals: list[int]) -> list[int]:
    """Of several originals of one name, those below a folder for training like the image, or for testing like it."""
    if len(originals) < 2:
        return originals
    alike = [at for at in originals if _side(images.ids[at]) == _side(images.ids[place])]
    return alike or originals


def _side(image_id: str) -> tuple[bool, bool]:
    folders = image_id.rpartition("/")[0]
    return "train" in folders, "test" in folders


def _same_bytes(images: _Images) -> Iterator[tuple[int, int]]:
    """Images of different persons with equal bytes; a flat picture is a placeholder and says nothing of persons."""
    flat = is_flat(images.phash)
    for group in groups_of_equal(images.sha256):
        firsts = {images.person[place]: place for place in reversed(group)}
        if not flat[group[0]]:
            yield from combinations(sorted(firsts.values()), 2)


def _origin(images: _Images, taken: int, original: int) -> str | None:
    """The dataset of an original, where the other image's dataset is known to be made from it."""
    source = source_of(images.person[original])
    return source if source in (images.overlap_source[taken] or "").split("|") else None


def _candidates(images: _Images) -> tuple[list[tuple[int, int, int]], dict[str, int]]:
    """Pairs of images of different persons and near hashes and shapes, with distances; and what was cut short."""
    telling = np.flatnonzero(~is_flat(images.phash)) if images.ids else np.empty(0, np.int64)
    hashes, group = np.unique(images.phash[telling], return_inverse=True)
    members: list[dict[str, int]] = [{} for _ in hashes]
    for place, number in zip(telling.tolist(), group.tolist(), strict=True):
        members[number].setdefault(images.person[place], place)
    near = near_pairs(hashes, groups=_sole_persons(members))
    pairs = zip(near.first.tolist(), near.second.tolist(), near.distance.tolist(), strict=True)
    equal = [(number, number, 0) for number, persons in enumerate(members) if len(persons) > 1]
    capped = _Capped()
    found = sorted(_across(images, members, [*equal, *pairs], capped))
    return found, {
        "distinct_hashes": len(hashes),
        "long_runs_split": near.split_runs,
        "capped_runs": near.capped_runs,
        "capped_buckets": capped.buckets,
        "pairs_not_compared": near.not_compared + capped.left_out,
    }


def _sole_persons(members: Sequence[Mapping[str, int]]) -> npt.NDArray[np.int64]:
    """A number per hash that says whose only it is; -1 where several persons share it."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(next(iter(who)), len(numbers)) if len(who) == 1 else -1 for who in members], dtype=np.int64
    )


@dataclass(slots=True)
class _Capped:
    """How many buckets of pictures with (nearly) equal hashes were too full, and how many pairs were left out."""

    buckets: int = 0
    left_out: int = 0


def _across(
    images: _Images, members: list[dict[str, int]], near: Sequence[tuple[int, int, int]], capped: _Capped
) -> Iterator[tuple[int, int, int]]:
    for first, second, distance in near:
        size = len(members[first]) * len(members[second])
        if size > _MOST_OF_A_BUCKET:
            capped.buckets += 1
            capped.left_out += size - _MOST_OF_A_BUCKET
        beside = product(members[first].items(), members[second].items())
        for (person_a, a), (person_b, b) in islice(beside, _MOST_OF_A_BUCKET):
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
            "distance": distance if distance >= 0 else None,
            "cluster": cluster[a],
        }
