"""A difference as lines that a person reads in a terminal."""

from collections.abc import Iterator, Sequence

from tasks.versions.diff.difference import Change, Difference, Drift, Section

_WIDE = 160


def in_words(found: Difference, show: int = 5) -> str:
    """What differs, with up to `show` examples of each kind."""
    return "\n".join(_lines(found, show))


def _lines(found: Difference, show: int) -> Iterator[str]:
    yield f"{found.old} ({found.old_digest[:12]}) to {found.new} ({found.new_digest[:12]})"
    yield f"least step of the version number: {found.needs} ({found.why})"
    yield f"{found.new_bytes:,} new bytes, {found.shared_bytes:,} shared"
    yield from (f"cause: {cause}" for cause in found.causes)
    for section in found.sections:
        yield from _section(section, show)
    yield from (_drift(drift) for drift in found.drifts[:show])


def _section(section: Section, show: int) -> Iterator[str]:
    yield f"{section.title}: {section.summary}"
    yield from _ids("+", section.added, show)
    yield from _ids("-", section.removed, show)
    for change in section.changed[:show]:
        yield from _change(change)
    if len(section.changed) > show:
        yield f"  … and {len(section.changed) - show:,} more changed"


def _ids(sign: str, ids: Sequence[str], show: int) -> Iterator[str]:
    if ids:
        more = f", … {len(ids) - show:,} more" if len(ids) > show else ""
        yield f"  {sign} {', '.join(ids[:show])}{more}"


def _change(change: Change) -> Iterator[str]:
    yield f"  ~ {change.id} ({change.reason})"
    yield f"      was {_short(change.old)}"
    yield f"      now {_short(change.new)}"


def _short(text: str) -> str:
    line = " / ".join(text.splitlines())
    return line if len(line) <= _WIDE else f"{line[: _WIDE - 1]}…"


def _drift(drift: Drift) -> str:
    moved = ", ".join(f"{value} {100 * old:.1f} to {100 * new:.1f} %" for value, (old, new) in drift.moved.items())
    return f"drift of {drift.what}: {drift.distance:.3f} ({moved})"
