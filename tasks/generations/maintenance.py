"""Looking after a store: figures, checks, removal, and segments that go to another store or come from one."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.backend import STATUSES
from schemas.errors import BadTable, NotWritable, WrongUse
from tasks.generations.segments import SCHEMA, Row, Segment, write_segment
from tasks.generations.spending import total
from tasks.generations.store import GenerationStore

MAX_SEGMENT_BYTES = 4 * 2**30


def stats(store: GenerationStore) -> dict[str, Any]:
    """Rows by status, model and kind, and what was spent through this store."""
    rows: Counter[tuple[str, str, str]] = Counter()
    for segment in store.segments.all():
        rows += _tally(segment.column_table(["model", "kind", "status"]))
    in_log = store.log.column_table(["model", "kind", "status"])
    rows += _tally(in_log)
    spent = total(store.spent())
    return {
        "rows": sum(rows.values()),
        "in_log": in_log.num_rows,
        "segments": len(store.segments.all()),
        "bytes": sum(segment.path.stat().st_size for segment in store.segments.all()) + store.log.size(),
        "by_status": _sums(rows, 2),
        "by_kind": _sums(rows, 1),
        "by_model": _sums(rows, 0),
        "asked": spent.requests,
        "sent": spent.sent,
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "mean_seconds": round(spent.seconds / spent.requests, 3) if spent.requests else None,
    }


def _tally(table: pa.Table) -> Counter[tuple[str, str, str]]:
    grouped = table.group_by(table.column_names).aggregate([([], "count_all")])
    names = zip(*(grouped[name].to_pylist() for name in table.column_names), strict=True)
    return Counter(dict(zip(names, grouped["count_all"].to_pylist(), strict=True)))


def _sums(rows: Counter[tuple[str, str, str]], part: int) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for names, count in rows.items():
        sums[names[part] or "(none)"] += count
    return dict(sorted(sums.items()))


def verify(store: GenerationStore) -> list[str]:
    """What is wrong with a store, a line each: damaged files and rows, and keys with two different answers."""
    problems: list[str] = []
    for segment in store.segments.all():
        problems += _segment_problems(segment)
    damaged = store.log.damaged_rows()
    problems += [f"hot.sqlite: {damaged} rows fail their checksum and count as missing"] if damaged else []
    if not problems:
        problems += list(_conflicts(store))
    return problems


def _segment_problems(segment: Segment) -> list[str]:
    name = segment.path.name
    with segment.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()[:24]
    if f"{found}.parquet" != name:
        return [f"{name}: its content is not what its name says ({found})"]
    try:
        return [f"{name}: {problem}" for problem in _row_problems(segment)]
    except BadTable as error:
        return [str(error)]


def _row_problems(segment: Segment) -> Iterator[str]:
    last = ("", -1)
    for row in segment.all_rows():
        if row[:2] <= last:
            yield f"rows are not in order or repeated at {row.key[:16]}…"
            return
        last = row[:2]
        if row.status not in STATUSES or (row.status == "ok") != (row.ordinal == 0):
            yield f"{row.key[:16]}… has status {row.status!r} at attempt {row.ordinal}"
        if row.status == "ok" and not row.text.strip():
            yield f"{row.key[:16]}… is ok and empty"


def _conflicts(store: GenerationStore) -> Iterator[str]:
    answers: dict[str, str] = {}
    for source in (*(segment.all_rows() for segment in store.segments.all()), store.log.all_rows()):
        for row in source:
            if row.ordinal == 0 and answers.setdefault(row.key, _short(row.text)) != _short(row.text):
                yield f"{row.key[:16]}… has different answers in two places; the first segment by name is used"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are meant: all that fit everything given. `subject` is the start of one, `key` the start of a key."""

    key: str = ""
    subject: str = ""
    model: str = ""
    kind: str = ""
    prompt: str = ""
    status: str = ""

    def check(self) -> None:
        """Raises WrongUse when nothing was given: everything would be meant."""
        if self == Choice():
            raise WrongUse("Say what to purge: --key, --subject, --model, --kind, --prompt or --status.")

    def fits(self, row: Row) -> bool:
        """Whether a row is meant."""
        about = row.about
        exact = ((self.model, about.model), (self.kind, about.kind), (self.status, row.status))
        starts = ((self.key, row.key), (self.subject, about.subject), (self.prompt, about.prompt_id))
        return all(not asked or asked == has for asked, has in exact) and all(
            has.startswith(asked) for asked, has in starts
        )


def purge(store: GenerationStore, choice: Choice, dry: bool = False) -> int:
    """Remove rows for good, from the log and from segments, and return how many; with `dry` only count them.

    Raises WrongUse for a choice of everything. What was spent stays on record.
    """
    choice.check()
    return purge_rows(store, choice.fits, dry)


def purge_rows(store: GenerationStore, meant: Callable[[Row], bool], dry: bool = False) -> int:
    """Remove the rows that are meant for good, from the log and from segments, and return how many."""
    removed = 0
    with store.written():
        for segment in store.segments.all():
            removed += _purge_segment(store.segments.folder, segment, meant, dry)
        rows = [row for row in store.log.all_rows() if meant(row)]
        if not dry:
            store.log.delete(rows)
    return removed + len(rows)


def _purge_segment(folder: Path, segment: Segment, meant: Callable[[Row], bool], dry: bool) -> int:
    rows = list(segment.all_rows())
    kept = [row for row in rows if not meant(row)]
    if dry or len(kept) == len(rows):
        return len(rows) - len(kept)
    if kept:
        write_segment(folder, kept)
    segment.path.unlink()
    return len(rows) - len(kept)


def export(store: GenerationStore, to: Path, choice: Choice) -> Path | None:
    """Write the rows meant into one segment in a folder, and return it; None when there are none."""
    rows = [row for row in store.every_row() if choice.fits(row)]
    try:
        to.mkdir(parents=True, exist_ok=True)
        return write_segment(to, rows) if rows else None
    except OSError as error:
        raise NotWritable(f"The folder {str(to)!r} cannot be written ({error.strerror}).") from error


def bring_in(store: GenerationStore, path: Path) -> int:
    """Take over the rows of a segment, or of a folder of them, that are not here yet, and return how many.

    An answer that is here stays, whatever the file says. Raises BadTable for a file that is no whole segment: nothing
    is taken over then.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise BadTable(f"There are no segments (*.parquet) in {str(path)!r}.")
    for file in files:
        _check_foreign(file)
    taken = 0
    with store.written():
        for file in files:
            rows = _fresh(store, list(Segment(file).all_rows()))
            taken += len(rows)
            if rows:
                write_segment(store.segments.folder, rows)
    return taken


def _fresh(store: GenerationStore, rows: list[Row]) -> list[Row]:
    """The rows whose key has no answer here, and whose attempt is not remembered here."""
    known = store.known([row.key for row in rows])
    pairs = zip(rows, known.ok.tolist(), known.tries.tolist(), strict=True)
    return [row for row, ok, tries in pairs if not ok and (row.ordinal == 0 or row.ordinal > tries)]


def _check_foreign(path: Path) -> None:
    """Raises BadTable unless a file is a segment: columns, size, statuses, order, and the name of its content."""
    try:
        size = path.stat().st_size
        columns = pq.read_schema(path) if size <= MAX_SEGMENT_BYTES else None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise BadTable(f"{str(path)!r} is no segment of a generation store ({reason}).") from error
    if columns is None or not set(SCHEMA.names[:7]) <= set(columns.names):
        raise BadTable(f"{str(path)!r} is no segment of a generation store: it lacks columns, or is too large.")
    problems = _segment_problems(Segment(path))
    if problems:
        raise BadTable(f"{str(path)!r} is not taken over:", problems[:5])
