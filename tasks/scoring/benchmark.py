"""The benchmarks of a version, ready to be run: rules, and who asks and is ranked in every trial.

for benchmark in load_benchmarks(VersionFolder(folder)):
    benchmark.protocol_id, benchmark.trials[0].query_ids, benchmark.trials[0].gallery
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadTable, UnknownName
from schemas.protocol import EVERY_TRIAL
from tasks.scoring.members import Members, encode
from tasks.scoring.metrics import Rules
from tasks.versions.reader import VersionFolder

_FACTS = {"person": "person_key", "camera": "cam_key", "place": "place_key", "clothes": "clothes_key",
          "tracklet": "tracklet"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial: ids in protocol order, both sides as codes, and the person key of every query.

    A query of several parts is called by their ids joined with " + "; `query_parts` holds the ids themselves.
    """

    number: int
    query_ids: Sequence[str]
    gallery_ids: Sequence[str]
    query: Members
    gallery: Members
    query_persons: Sequence[str | None]
    query_parts: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One protocol of a version. `by_text` says that captions ask; `combined` that a query is more than one thing.

    The keys of a combined query (person, camera, ...) are those of its first part, or of the image that it describes.
    """

    protocol_id: str
    source: str
    setting: str
    rules: Rules
    by_text: bool
    combined: bool
    trials: Sequence[Trial]


class Lookup:
    """What a version says about its images and captions, by id."""

    def __init__(self, version: VersionFolder) -> None:
        self._images = version.table("person_images", ["image_id", *_FACTS.values(), "modality"])
        self._captions = version.table("captions", ["caption_id", "image_id", "text"])

    def facts(self, image_ids: Sequence[str]) -> pa.Table:
        """The keys of some images. Raises BadTable for an id the version does not describe."""
        return _rows(self._images, "image_id", image_ids, "person_images")

    def modality(self, image_ids: Sequence[str]) -> list[str]:
        """How each image was taken."""
        return [str(value) for value in self.facts(image_ids).column("modality").to_pylist()]

    def captions(self, caption_ids: Sequence[str]) -> pa.Table:
        """image_id and text of some captions. Raises BadTable for an id the version does not hold."""
        return _rows(self._captions, "caption_id", caption_ids, "captions")

    def shown(self, ids: Sequence[str]) -> list[str]:
        """Of images and captions, the image itself or the one that the caption describes."""
        places = pc.index_in(pa.array(ids, pa.string()), value_set=self._captions.column("caption_id").combine_chunks())
        described = self._captions.column("image_id").take(places).to_pylist()
        return [image or name for image, name in zip(described, ids, strict=True)]

    def texts(self, caption_ids: Sequence[str]) -> list[str]:
        """The words of each caption."""
        return [str(value) for value in self.captions(caption_ids).column("text").to_pylist()]


def _rows(table: pa.Table, key: str, ids: Sequence[str], name: str) -> pa.Table:
    asked = pa.array(ids, pa.string())
    places = pc.index_in(asked, value_set=table.column(key).combine_chunks())
    if places.null_count:
        lost = pc.filter(asked, pc.is_null(places))[0].as_py()
        raise BadTable(f"The protocol member {lost!r} is not in the table {name!r}: the version is not whole.")
    return table.take(places)


def load_benchmarks(version: VersionFolder, names: Sequence[str] = ()) -> Iterator[Benchmark]:
    """The named benchmarks of a version in name order, all of them without names. Raises UnknownName and BadTable."""
    rules = {row["protocol_id"]: row for row in version.table("protocols").to_pylist()}
    for name in names:
        if name not in rules:
            raise UnknownName.of("protocol in this version", name, sorted(rules))
    members, lookup = version.table("protocol_members"), Lookup(version)
    for name in sorted(set(names) or rules):
        yield _benchmark(rules[name], members.filter(pc.equal(members.column("protocol_id"), name)), lookup)


def _benchmark(row: dict[str, Any], members: pa.Table, lookup: Lookup) -> Benchmark:
    kinds = pc.unique(members.filter(pc.equal(members.column("role"), "query")).column("member_kind")).to_pylist()
    combined = bool(pc.any(pc.greater(pc.list_value_length(members.column("member_ids")), 1)).as_py())
    by_text = "caption" in kinds
    trials = [_trial(members, trial, lookup) for trial in range(row["n_trials"])]
    return Benchmark(row["protocol_id"], row["source"], row["setting"], rules_of_row(row), by_text, combined, trials)


def rules_of_row(row: dict[str, Any]) -> Rules:
    """The rules that a row of the protocols table states."""
    return Rules(
        junk_rule=row["junk_rule"],
        cmc_variant=row["cmc_variant"],
        ap_variant=row["ap_variant"],
        ap_topk=row["ap_topk"],
        tie_policy=row["tie_policy"],
        seed=row["seed"] or 0,
    )


def _trial(members: pa.Table, trial: int, lookup: Lookup) -> Trial:
    parts, gallery = _ids(members, "query", trial), [ids[0] for ids in _ids(members, "gallery", trial)]
    facts = [lookup.facts(ids) for ids in (lookup.shown([ids[0] for ids in parts]), gallery)]
    sides = [{name: side.column(column).to_pylist() for name, column in _FACTS.items()} for side in facts]
    query = [" + ".join(ids) for ids in parts]
    return Trial(trial, query, gallery, *encode(*sides), sides[0]["person"], parts)


def _ids(members: pa.Table, role: str, trial: int) -> list[list[str]]:
    """Member ids of a role in a trial, by position; members of every trial belong to each."""
    there = pc.is_in(members.column("trial"), value_set=pa.array([EVERY_TRIAL, trial], pa.int16()))
    chosen = members.filter(pc.and_(there, pc.equal(members.column("role"), role)))
    order = np.argsort(chosen.column("position").to_numpy(), kind="stable")
    return [list(ids) for ids in chosen.take(order).column("member_ids").to_pylist()]
