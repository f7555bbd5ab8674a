"""The report: a page about a version and, when given, a checkpoint and its evaluation; a page per family beside it."""

from collections import Counter
from pathlib import Path
from typing import Any

from generators.links import overlaps
from schemas.keys import file_sha256
from tasks.report.balance import Balance, answer_balance
from tasks.report.contact_sheet import contact_sheet
from tasks.report.family_pages import folder_beside, write_families
from tasks.report.findings import loss_charts, protocol_findings, question_rows
from tasks.report.samples import FamilySamples, data_uri, family_samples
from tasks.report.templating import pages
from tasks.versions.manifest import MANIFEST
from tasks.versions.reader import VersionFolder

_SAMPLES, _FIRST = 12, 3


def write_report(version: Path, checkpoint: Path | None, evaluation: Path | None, out: Path) -> Path:
    """Write the page to `out` and return it; the pages of the families go to `<its name>_families` beside it.

    They name no machine path and load nothing from a network.
    """
    staged = VersionFolder(version)
    families = family_samples(staged, _SAMPLES)
    balance = _balances(staged)
    links = folder_beside(out).name
    context = _of_version(staged, families, balance) | _of_run(checkpoint, evaluation) | {"links": links}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(pages().get_template("page.html.jinja").render(context), encoding="utf-8")
    write_families(staged.manifest.title, families, balance, out)
    return out


def _of_version(version: VersionFolder, families: list[FamilySamples], balance: dict[str, Balance]) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "manifest": manifest,
        "digest": file_sha256(version.folder / MANIFEST),
        "folder": version.folder.name,
        "synthetic": any(source.access_status == "synthetic" for source in manifest.sources),
        "families": families,
        "first": _FIRST,
        "splits": sorted({split for family in families for split in family.rows}, reverse=True),
        "balance": balance,
        "rejects": reject_rows(version),
        "overlaps": overlaps(version.table("identity_links").to_pylist()),
        "accepted": manifest.recipe.get("link", {}).get("accept", []),
        "sheet": data_uri(contact_sheet(version, 48)),
    }


def _of_run(checkpoint: Path | None, evaluation: Path | None) -> dict[str, Any]:
    return {
        "losses": loss_charts(checkpoint),
        "questions": question_rows(evaluation),
        "protocols": protocol_findings(evaluation),
    }


def _balances(version: VersionFolder) -> dict[str, Balance]:
    """The answer balance of every family, one family in memory at a time."""
    found: dict[str, Balance] = {}
    for (_, family), splits in version.families().items():
        found.setdefault(family, Balance([], "no train rows"))
        found |= answer_balance(version.told(splits.get("train", []), ["family", "split", "answer"]))
    return dict(sorted(found.items()))


def reject_rows(version: VersionFolder) -> list[dict[str, Any]]:
    """Rejects counted by source and reason, with one detail each."""
    rows = version.table("rejects", ["source", "reason", "detail"]).to_pylist()
    counts = Counter((row["source"], row["reason"]) for row in rows)
    first = {(row["source"], row["reason"]): row["detail"] for row in reversed(rows)}
    return [
        {"source": source, "reason": reason, "count": count, "example": first[(source, reason)]}
        for (source, reason), count in sorted(counts.items())
    ]
