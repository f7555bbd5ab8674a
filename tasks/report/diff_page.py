"""A difference as one HTML page with pictures, that needs no network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.report.samples import data_uri, readable
from tasks.report.templating import pages
from tasks.versions.diff.difference import Change, Difference, Section
from tasks.versions.reader import VersionFolder

_SHOWN = 12


def write_diff_page(found: Difference, old: VersionFolder, new: VersionFolder, out: Path) -> Path:
    """Write the page to `out` and return it; up to twelve examples of each kind of change are shown."""
    sections = [_section(part, old, new) for part in found.sections]
    page = pages().get_template("diff.html.jinja").render(found=found, sections=sections)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return out


def _section(part: Section, old: VersionFolder, new: VersionFolder) -> dict[str, Any]:
    pictured = part.title == "images"
    return {
        "title": part.title,
        "summary": part.summary,
        "added": _items(part.added, new if pictured else None),
        "removed": _items(part.removed, old if pictured else None),
        "more_added": max(len(part.added) - _SHOWN, 0),
        "more_removed": max(len(part.removed) - _SHOWN, 0),
        "changed": [_change(change, old, new, pictured) for change in part.changed[:_SHOWN]],
        "more_changed": max(len(part.changed) - _SHOWN, 0),
    }


def _items(ids: Sequence[str], version: VersionFolder | None) -> list[tuple[str, str]]:
    """(id, picture as a data URI or nothing)."""
    shown = list(ids[:_SHOWN])
    pictures = [data_uri(data) for data in version.image_bytes(shown)] if version and shown else [""] * len(shown)
    return list(zip(shown, pictures, strict=True))


def _change(change: Change, old: VersionFolder, new: VersionFolder, pictured: bool) -> dict[str, Any]:
    where = [old, new] if pictured else [new]
    pictures = [uri for version in where for uri in _picture(version, change.image_id)]
    words = ("", "") if pictured else (readable(change.old), readable(change.new))
    return {"id": change.id, "reason": change.reason, "old": words[0], "new": words[1], "pictures": pictures}


def _picture(version: VersionFolder, image_id: str | None) -> list[str]:
    if image_id is None or image_id not in version.image_ids:
        return []
    return [data_uri(data) for data in version.image_bytes([image_id])]
