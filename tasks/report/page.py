"""The report: one self-contained HTML page about a version and, when given, a checkpoint and its evaluation."""

from collections import Counter
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generators.links import overlaps
from schemas.keys import file_sha256
from tasks.report.balance import Balance, answer_balance
from tasks.report.contact_sheet import contact_sheet
from tasks.report.findings import loss_charts, protocol_findings, question_rows
from tasks.report.samples import data_uri, family_samples
from tasks.versions.reader import VersionFolder

_HERE = Path(__file__).parent


def write_report(version: Path, checkpoint: Path | None, evaluation: Path | None, out: Path) -> Path:
    """Write the page to `out` and return it. It names no machine path and loads nothing from a network."""
    page = _environment().get_template("page.html.jinja").render(_context(version, checkpoint, evaluation))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return out


def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _context(folder: Path, checkpoint: Path | None, evaluation: Path | None) -> dict[str, Any]:
    version = VersionFolder(folder)
    families = family_samples(version)
    return {
        "manifest": version.manifest,
        "digest": file_sha256(folder / "manifest.json"),
        "folder": folder.name,
        "synthetic": any(source.access_status == "synthetic" for source in version.manifest.sources),
        "families": families,
        "splits": sorted({split for family in families for split in family.rows}, reverse=True),
        "balance": _balances(version),
        "rejects": reject_rows(version),
        "overlaps": overlaps(version.table("identity_links").to_pylist()),
        "accepted": version.manifest.recipe.get("link", {}).get("accept", []),
        "sheet": data_uri(contact_sheet(version, 48)),
        "losses": loss_charts(checkpoint),
        "questions": question_rows(evaluation),
        "protocols": protocol_findings(evaluation),
    }


def _balances(version: VersionFolder) -> dict[str, Balance]:
    """The answer balance of every family, one family in memory at a time."""
    found: dict[str, Balance] = {}
    for splits in version.families().values():
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
