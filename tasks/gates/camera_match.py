"""Sharing a camera says nothing about sharing an identity: pairs of both answers do so equally often.

For yes/no families about two images, Yes rows against No rows; for picks with a query image, the gold candidate
against the others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.rows import Facts, Shown, codes, facts, shown
from tasks.checking.statistics import difference
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Mask = npt.NDArray[np.bool_]


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Compare the shares of camera matches of true and false candidates, per family and split."""
    found = list(_judge(facts(staged), shown(staged), parameters))
    return judged(
        found,
        good="true and false candidates share the query's camera equally often",
        remedy="Draw the negatives of these families from the cameras of their positives.",
    )


def _judge(rows: Facts, images: Shown, parameters: Mapping[str, Any]) -> Iterator[Judged]:
    candidate, same, true = _candidates(rows, images)
    family, split = rows.family[images.row], rows.split[images.row]
    for name in sorted(set(family[candidate].tolist())):
        for part in sorted(set(split[candidate].tolist())):
            mask = candidate & (family == name) & (split == part)
            if (mask & true).any() and (mask & ~true).any():
                yield _compare(f"{name}/{part}", same[mask & true], same[mask & ~true], parameters)


def _candidates(rows: Facts, images: Shown) -> tuple[Mask, Mask, Mask]:
    """Per shown image: is it a candidate whose camera and query are known, does it share the camera, is it the gold?"""
    camera, known = codes(images.texts("cam_key")), np.asarray(images.table.column("cam_key").is_valid())
    query = np.flatnonzero(images.number == 1)[np.searchsorted(images.row[images.number == 1], images.row)]
    starts_with_query = images.texts("role")[query] == "query"
    n_images = np.bincount(images.row, minlength=len(rows))[images.row]
    kind = rows.kind[images.row]
    pair = (kind == "yesno") & (n_images == 2)
    other = ~np.isin(images.texts("role").astype(str), ("query_extra", "clothes_template"))
    candidate = (images.number > 1) & other & starts_with_query & known & known[query] & (pair | (kind == "pick1"))
    gold = np.where(pair, rows.gold_bool[images.row] == 1, rows.gold_index[images.row] == images.number)
    return candidate, camera == camera[query], gold


def _compare(cell: str, true: Mask, false: Mask, parameters: Mapping[str, Any]) -> Judged:
    gap, error = difference(int(true.sum()), len(true), int(false.sum()), len(false))
    words = f"{cell}: the query's camera films {true.mean():.0%} of {len(true)} true and {false.mean():.0%} of "
    enough = len(true) + len(false) >= parameters["min_rows"]
    excess = abs(gap) - parameters["z"] * error - parameters["margin"]
    return Judged(cell, enough=enough, excess=excess, words=f"{words}{len(false)} false candidates")


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    rows = toy_rows(160)
    cameras = {row["image_id"]: row["cam_key"] for row in rows["person_images"]}
    rows["conversations"] = [
        row
        for row in rows["conversations"]
        if row["answer"]["text"] != "Yes" or len({cameras[image["image_id"]] for image in row["images"]}) == 2
    ]
    return toy_staged(rows)


GATE = Gate(title="Camera match in both classes", severity="error", check=check, good=_good, bad=_bad)
