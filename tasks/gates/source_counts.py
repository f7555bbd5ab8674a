"""Every source has pictures and persons, and one of official size has exactly the counts that its authors report.

A folder counts as one of official size when its pictures are nearly as many as the certain official ones; samples and
partial copies are not held against them. A figure is certain when it has one of the contract's `tags`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.discovery import find, names
from schemas.gate import Gate, Staged, ToyStaged, Verdict
from schemas.source import Source
from tasks.checking.toy import Rows, toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.packs.counts import left_out, reported

_SOURCES = "generators.sources"
_COLUMNS = ("image_id", "person_key", "source", "source_split", "split", "role_flag", "modality", "cam_raw", "variant")
_WORDED = 4


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count per source; the figure is how many sources fail."""
    persons = staged.table("person_images", _COLUMNS)
    known = sorted(pc.unique(persons.column("source")).to_pylist())
    found = {name: list(_problems(name, _of(persons, name), staged, parameters)) for name in known}
    failing = {name: problems for name, problems in found.items() if problems}
    words = "; ".join(f"{name}: {', '.join(problems[:_WORDED])}" for name, problems in failing.items())
    return Verdict(
        passed=not failing,
        figure=float(len(failing)),
        summary=words or f"{len(known)} sources hold what they should",
        failing=first_ids(failing),
        remedy="The raw folder is incomplete, of another release, or its names are misread: `reidforge doctor` tells.",
    )


def _of(table: pa.Table, source: str) -> pa.Table:
    return table.filter(pc.equal(table.column("source"), source))


def _problems(name: str, persons: pa.Table, staged: Staged, parameters: Mapping[str, Any]) -> Iterator[str]:
    labelled = pc.count_distinct(persons.column("person_key")).as_py()
    if persons.num_rows < parameters["min_images"]:
        yield f"{persons.num_rows} images, at least {parameters['min_images']} are expected"
    if 0 < labelled < parameters["min_persons"]:
        yield f"{labelled} persons, at least {parameters['min_persons']} are expected"
    if name in names(_SOURCES):
        declared: Source = find(_SOURCES, "SOURCE", name)
        lines = reported(declared, persons, _human(staged))
        yield from _unlike(declared, lines, parameters)


def _human(staged: Staged) -> pa.Table:
    """Captions that came with the raw data: those that official counts speak of."""
    if not staged.has("captions"):
        return pa.table({"image_id": pa.array([], pa.string())})
    captions = staged.table("captions", ["image_id", "caption_source"])
    return captions.filter(pc.equal(captions.column("caption_source"), "human"))


def _unlike(source: Source, lines: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> Iterator[str]:
    """The certain official counts that a source of official size does not have."""
    certain = [line for line in lines if line["tag"] in parameters["tags"] and not left_out(line, lines, source)]
    pictures = [line for line in certain if line["what"].endswith(" images")]
    official = sum(line["official"] for line in pictures)
    if pictures and abs(sum(line["found"] for line in pictures) - official) <= parameters["near"] * official:
        yield from (
            f"{line['found']:,} {line['what']}, {line['official']:,} are official"
            for line in certain
            if line["found"] != line["official"]
        )


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows: Rows = toy_rows()
    for row in rows["person_images"]:
        row["person_key"] = "toy:0000"
    return toy_staged(rows)


GATE = Gate(title="Counts per source", severity="warning", check=check, good=_good, bad=_bad)
