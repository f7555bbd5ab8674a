"""The data docs of a version: its gates, and every expectation by table with its outcome, what was seen, failing ids.

Rendered from the results that Great Expectations gives, not by its own renderer: that one's pages load scripts from
several hosts and hold run ids and times, and a version's bytes depend on neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from tasks.report.templating import pages

_COLUMNS = ("column", "column_A", "column_B", "column_list")


@dataclass(frozen=True, slots=True)
class Line:
    """One expectation in words: what it is about, what is expected with its limits, and what was seen."""

    about: str
    expected: str
    limits: str
    observed: str
    verdict: str
    failing: tuple[str, ...]
    more: int


def checks_page(title: str, outcomes: Sequence[Mapping[str, Any]], gates: Sequence[Mapping[str, Any]]) -> bytes:
    """The page over the entries of `expectations.json` and `gates.json`; the same entries give the same bytes."""
    tables = [(name, [_line(one) for one in found]) for name, found in groupby(outcomes, itemgetter("table"))]
    page = (
        pages()
        .get_template("checks.html.jinja")
        .render(
            title=title,
            tables=tables,
            gates=gates,
            n=len(outcomes),
            broken=[(name, line) for name, lines in tables for line in lines if line.verdict != "holds"],
        )
    )
    return page.encode()


def _line(one: Mapping[str, Any]) -> Line:
    given = one["arguments"]
    named = [given[name] for name in _COLUMNS if name in given]
    limits = [f"{name} {_words(value)}" for name, value in sorted(given.items()) if name not in _COLUMNS]
    return Line(
        about=", ".join(_words(name) for name in named) or "the table",
        expected=one["kind"].removeprefix("expect_").replace("_", " "),
        limits=" · ".join(limits),
        observed=_observed(one),
        verdict="holds" if one["passed"] else one["severity"],
        failing=tuple(one["failing"]),
        more=max(one["count"] - len(one["failing"]), 0),
    )


def _words(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else str(value)


def _observed(one: Mapping[str, Any]) -> str:
    """The figure of a rule about the table, else how many of the values break it."""
    if one["observed"] is not None:
        return str(one["observed"])
    missing = f", {one['missing']} null" if one["missing"] else ""
    return f"{one['count']} of {one['looked_at']} unexpected{missing}"
