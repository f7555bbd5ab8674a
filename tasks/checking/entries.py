"""One check as it is published, in words that every report shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tasks.checking.verdicts import first_ids
from tasks.contracts.finding import Finding

MEND = "Build again from the raw folders with this version of the code."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One check as it is published: a gate's verdict, or all findings of one kind of contract check."""

    name: str
    title: str
    severity: str
    passed: bool
    figure: float
    summary: str
    failing: tuple[str, ...] = ()
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return values | {"failing": list(self.failing), "remedy": "" if self.passed else self.remedy}


def contract_entry(name: str, title: str, findings: Sequence[Finding], held: str) -> Entry:
    """The findings of one kind of contract check as one entry; it blocks when any finding is an error."""
    errors = [finding for finding in findings if finding.severity == "error"]
    severity = "error" if errors or not findings else "warning"
    return Entry(
        name=name,
        title=title,
        severity=severity,
        passed=not findings,
        figure=float(len(findings)),
        summary="; ".join(describe(finding) for finding in findings) or held,
        failing=first_ids(dict.fromkeys(name for finding in findings for name in finding.failing)),
        remedy=MEND,
    )


def describe(finding: Finding) -> str:
    """A finding in one phrase: `images: width is below 1 (3 rows)`."""
    rows = "1 row" if finding.count == 1 else f"{finding.count} rows"
    return f"{finding.table}: {finding.summary}" + (f" ({rows})" if finding.failing else "")
