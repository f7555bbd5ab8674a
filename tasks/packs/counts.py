"""What was found in a source, and beside it what its authors report."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from schemas.later import Later
from schemas.source import Reported, Source
from tasks.packs.columns import is_text

pc = Later("pyarrow.compute")

_TERMS = ("source_split", "split", "role_flag", "modality", "cam_raw", "variant")
_CHOSEN = ("image_id", "person_key")
COUNTED = (*_CHOSEN, *_TERMS)
"""The columns of person images that are looked at here."""


def counts(persons: pa.Table, captions: pa.Table, attributes: pa.Table, rejects: pa.Table) -> dict[str, int]:
    """Rows per table, persons, and images per split and per role."""
    found = {
        "images": persons.num_rows,
        "persons": _distinct(persons),
        "captions": captions.num_rows,
        "attributes": attributes.num_rows,
        "rejects": rejects.num_rows,
    }
    for column in ("split", "role_flag", "source_split"):
        for value, count in sorted(_tally(persons.column(column)).items()):
            found[f"{column}:{value}"] = count
    return found


def reasons(rejects: pa.Table) -> dict[str, int]:
    """Rejects per reason."""
    return dict(sorted(_tally(rejects.column("reason")).items()))


def _tally(column: pa.ChunkedArray) -> dict[str, int]:
    return {str(pair["values"]): int(pair["counts"]) for pair in pc.value_counts(column).to_pylist()}


def _distinct(persons: pa.Table) -> int:
    return int(pc.count_distinct(persons.column("person_key"), mode="only_valid").as_py())


def reported(source: Source, persons: pa.Table, captions: pa.Table) -> list[dict[str, Any]]:
    """Each official count beside the one found: what, official, found, and how sure the official figure is."""
    return [line for figure in source.reported for line in _lines(figure, persons, captions)]


def left_out(line: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], source: Source) -> bool:
    """Whether an official count is about an optional part of which nothing is there."""
    part = _part(line)
    return part in source.optional and not any(other["found"] for other in lines if _part(other) == part)


def _part(line: Mapping[str, Any]) -> str:
    return str(line["what"]).partition(" ")[0].partition("/")[0]


def _lines(figure: Reported, persons: pa.Table, captions: pa.Table) -> list[dict[str, Any]]:
    chosen = persons.select(_CHOSEN).filter(_where(figure.what, persons))
    found = {"images": chosen.num_rows, "persons": _distinct(chosen)}
    if figure.captions is not None:
        of_chosen = pc.is_in(captions.column("image_id"), value_set=chosen.column("image_id").combine_chunks())
        found["captions"] = int(pc.sum(of_chosen).as_py() or 0)
    official = {"images": figure.images, "persons": figure.persons, "captions": figure.captions}
    return [
        {"what": f"{figure.what} {unit}", "official": official[unit], "found": number, "tag": figure.tag}
        for unit, number in found.items()
        if official[unit] is not None
    ]


def _where(what: str, persons: pa.Table) -> pa.ChunkedArray:
    """Rows for which each `/`-separated term of `what` is a split, role, modality or camera; `all` is every row."""
    mask = pc.is_valid(persons.column("image_id"))
    for term in what.split("/") if what != "all" else ():
        matches = [is_text(persons.column(name), term) for name in _TERMS]
        either = matches[0]
        for match in matches[1:]:
            either = pc.or_(either, match)
        mask = pc.and_(mask, either)
    return mask
