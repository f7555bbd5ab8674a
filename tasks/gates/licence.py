"""No source that its authors have withdrawn, but where an operator gave a reason for using it all the same."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count the images of sources whose access status is among `refused_access`."""
    people = staged.table("person_images", ["source", "access_status"])
    refused = people.filter(pc.is_in(people.column("access_status"), value_set=pa.array(parameters["refused_access"])))
    sources = sorted(pc.unique(refused.column("source")).to_pylist())
    accepted = pc.sum(pc.equal(people.column("access_status"), "withdrawn_accepted")).as_py() or 0
    fine = f"{accepted} images of withdrawn sources, used for a stated reason" if accepted else "no withdrawn source"
    return Verdict(
        passed=not sources,
        figure=float(refused.num_rows),
        summary=f"{refused.num_rows} images of withdrawn sources" if sources else fine,
        failing=first_ids(sources),
        remedy="Take these sources out of the recipe: their authors have withdrawn them. "
        "Who must use one says who and why in its `accept_withdrawn`.",
    )


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["person_images"][0]["access_status"] = "withdrawn"
    return toy_staged(rows)


GATE = Gate(title="No withdrawn source", severity="error", check=check, good=_good, bad=_bad)
