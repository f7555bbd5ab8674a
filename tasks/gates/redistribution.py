"""Pixels that may not be passed on are named: the whole version stays where the agreement covers its readers."""

from collections.abc import Mapping
from typing import Any

import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count the images of sources that may not be released."""
    people = staged.table("person_images", ["source", "release_allowed"])
    bound = people.filter(pc.invert(people.column("release_allowed")))
    sources = sorted(pc.unique(bound.column("source")).to_pylist())
    words = f"{bound.num_rows} pictures may not be passed on" if sources else "every picture may be passed on"
    return Verdict(
        passed=not sources,
        figure=float(bound.num_rows),
        summary=words,
        failing=first_ids(sources),
        remedy="Keep the whole version where only those read it whom the agreement covers. What goes to a URL, or to a "
        "folder with `publish --share`, leaves these pictures out; `pull --join` puts them back from raw data.",
    )


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    for row in rows["person_images"]:
        row["release_allowed"] = False
    return toy_staged(rows)


GATE = Gate(title="Pixels that may be passed on", severity="warning", check=check, good=_good, bad=_bad)
