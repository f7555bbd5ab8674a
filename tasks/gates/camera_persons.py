"""Cameras see many people: one with plenty of pictures and a single person is a misread name, or a split by person."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import Row, toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count labelled persons per camera; the cells are sources with cameras, as `source/camera`."""
    return judged(
        list(_cameras(staged, parameters)),
        good="every camera shows enough persons",
        remedy="Look at how the reader takes cameras and persons from the names: `reidforge trace` shows raw names.",
    )


def _cameras(staged: Staged, parameters: Mapping[str, Any]) -> Iterator[Judged]:
    rows = staged.table("person_images", ["source", "cam_key", "person_key"])
    labelled = rows.filter(pc.and_(pc.is_valid(rows.column("cam_key")), pc.is_valid(rows.column("person_key"))))
    counts = labelled.group_by(["source", "cam_key"], use_threads=False)
    found = counts.aggregate([("person_key", "count"), ("person_key", "count_distinct")])
    for row in found.sort_by([("source", "ascending"), ("cam_key", "ascending")]).to_pylist():
        images, persons = row["person_key_count"], row["person_key_count_distinct"]
        few = parameters["min_persons"] - persons
        words = f"{row['source']}: camera {row['cam_key']} shows {persons} persons in {images} images"
        yield Judged(f"{row['source']}/{row['cam_key']}", images >= parameters["min_images"], float(few), words)


def _shots(alone: bool) -> list[Row]:
    """Forty times the toy's pictures; `alone`: its second camera shows one person only."""
    shots = toy_rows()["person_images"]
    only = next(shot["person_key"] for shot in shots)
    kept = [shot for shot in shots if not alone or shot["cam_raw"] == "c1" or shot.get("person_key") == only]
    return [
        shot | {"image_id": f"{shot['image_id']}-{number}", "relpath": f"{shot['relpath']}-{number}"}
        for shot in kept
        for number in range(40)
    ]


def _good() -> ToyStaged:
    return toy_staged({"person_images": _shots(alone=False)})


def _bad() -> ToyStaged:
    return toy_staged({"person_images": _shots(alone=True)})


GATE = Gate(title="Persons per camera", severity="warning", check=check, good=_good, bad=_bad)
