"""A page per question family: what it asks, how its answers are spread, and sample rows to judge it by."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.discovery import find, names
from tasks.report.balance import Balance
from tasks.report.samples import FamilySamples
from tasks.report.templating import pages

_QUESTIONS = "generators.questions"
_FOLDER = "_families"


def folder_beside(report: Path) -> Path:
    """Where the family pages of a report stand: `report_families` beside `report.html`."""
    return report.with_name(report.stem + _FOLDER)


def write_families(
    title: str, families: Sequence[FamilySamples], balance: Mapping[str, Balance], report: Path
) -> list[Path]:
    """Write the page of every family beside the report that links them; each loads nothing from anywhere."""
    template = pages().get_template("family.html.jinja")
    folder = folder_beside(report)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for at, family in enumerate(families):
        near = [families[place].family if 0 <= place < len(families) else "" for place in (at - 1, at + 1)]
        page = template.render(
            title=title, family=family, asks=title_of(family.family), balance=balance[family.family],
            report=report.name, before=near[0], after=near[1],
        )  # fmt: skip
        written.append(folder / f"{family.family}.html")
        written[-1].write_text(page, encoding="utf-8")
    return written


def title_of(family: str) -> str:
    """What a family asks, in its own words; nothing for a family of another release."""
    known = family.lower() in names(_QUESTIONS)
    return str(find(_QUESTIONS, "QUESTION", family.lower()).title) if known else ""
