"""Whether a version may follow another: a step of the number that the change needs, and shares that did not drift.

major = a table or a split changed · minor = rows came or went · patch = the words of rows that stayed, or a takedown
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from schemas.errors import WrongUse
from tasks.checking.report import CheckReport
from tasks.contracts.finding import Finding
from tasks.contracts.load import Contract, DriftLimit, drift_limits, load_contracts
from tasks.versions.diff.comparing import STEPS, compare, step_between
from tasks.versions.diff.difference import Difference
from tasks.versions.reader import VersionFolder

_KINDS = {
    "attribute": "attributes",
    "answers of": "conversations",
    "images of": "person_images",
    "cameras of": "person_images",
    "caption words of": "captions",
}
_SHOWN = 3


def compared(report: CheckReport, old: VersionFolder, new: VersionFolder) -> CheckReport:
    """The report with what the comparison with an older version found. Raises WrongUse for another dataset."""
    if old.manifest.name != new.manifest.name:
        raise WrongUse(
            f"{new.manifest.name!r} cannot follow {old.manifest.name!r}: --against wants a version of one name."
        )
    found = compare(old, new)
    return replace(report, against=(*steps(found), *drifted(found, load_contracts())))


def steps(found: Difference) -> Iterator[Finding]:
    """A finding when the version number rose by less than the change needs."""
    numbers = [name.rsplit("@", 1)[1] for name in (found.old, found.new)]
    made = step_between(*numbers)
    if STEPS.index(found.needs) > STEPS.index(made):
        step = "no step up" if made == "none" else f"a {made} step"
        words = f"{found.new} is {step} from {found.old}, but the change needs a {found.needs} one: {found.why}"
        yield Finding(table="", check="step", summary=words)


def drifted(found: Difference, contracts: Mapping[str, Contract]) -> Iterator[Finding]:
    """A warning for every distribution that moved further than the contract of its table lets it."""
    limits = drift_limits(contracts)
    for drift in found.drifts:
        table = next(table for kind, table in _KINDS.items() if drift.what.startswith(kind))
        limit = limits.get(table, DriftLimit(1.0, 0))
        enough = not drift.source or drift.rows >= limit.min_rows_per_source
        if enough and drift.distance > limit.max_distance:
            moved = [f"{value} {was:.0%} to {now:.0%}" for value, (was, now) in drift.moved.items()]
            words = f"{drift.what} moved by {drift.distance:.2f} from {found.old}: {', '.join(moved[:_SHOWN])}"
            yield Finding(table=table, check="drift", summary=words, severity="warning")
