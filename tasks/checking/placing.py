"""Whether the Parquet files of a version are what their names and their entries say, told from footers alone."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from schemas.errors import BadTable
from schemas.manifest import FileEntry
from schemas.tables import TABLES
from tasks.contracts.finding import Finding
from tasks.contracts.parts import InFile
from tasks.versions.manifest import refuse_newer

_NAMED = re.compile(r"-([0-9a-f]{12})\.parquet$")
_STAGE = re.compile(r"stage([123])")


def table_of(path: str) -> str:
    """The table that a path inside a version belongs to; empty when no reader looks there."""
    match PurePosixPath(path).parts:
        case ("data", folder, name) if name.endswith(".parquet"):
            return "conversations" if _STAGE.fullmatch(folder) else folder if folder in TABLES else ""
    return ""


def check_placing(folder: Path, entry: FileEntry, opened: Callable[[Path], InFile] = InFile) -> Iterator[Finding]:
    """Findings about one published table file. Raises FormatTooNew for a file that only a newer reidforge reads."""
    table = table_of(entry.path)
    path = folder / entry.path
    if not (table and path.is_file()):
        return
    try:
        part = opened(path)
        for check, words in _faults(part, entry, table):
            summary = f"the file {entry.path!r} {words}"
            yield Finding(table=table, check=check, summary=summary, failing=(entry.path,))
    except BadTable:
        return  # the contract's own check names it


def _faults(part: InFile, entry: FileEntry, table: str) -> Iterator[tuple[str, str]]:
    said = metadata_of(part, entry.path)
    if said is None:
        yield "profile", "carries no reidforge metadata: the writer of versions did not write it"
    elif said != table:
        yield "place", f"says that it is a table {said!r}, but stands where {table} are"
    if entry.rows is not None and entry.rows != part.rows:
        yield "rows", f"has {part.rows} rows; {entry.rows} were published"
    named = _NAMED.search(entry.path)
    if named and not entry.sha256.startswith(named[1]):
        yield "name", f"is named after the content {named[1]}, but its content is {entry.sha256[:12]}"
    if table == "conversations":
        yield from _misplaced(part, PurePosixPath(entry.path))


def metadata_of(part: InFile, what: str) -> str | None:
    """The table that a file says it is, from our own metadata. Raises FormatTooNew for a newer format."""
    try:
        said = json.loads(part.metadata.get(b"reidforge", b"null"))
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    refuse_newer(said.get("format_version"), f"The file {what!r}")
    return str(said.get("table"))


def _misplaced(part: InFile, path: PurePosixPath) -> Iterator[tuple[str, str]]:
    """Rows of another stage, split or family than the file's place says."""
    stage, split, family = (part.stated(name) for name in ("stage", "split", "family"))
    if stage.least is None or not part.rows:
        return
    if {f"stage{stage.least}", f"stage{stage.most}"} != {path.parent.name}:
        yield "place", f"holds rows of stage {stage.most}"
    if split.least != split.most or not path.name.startswith(f"{split.least}-"):
        yield "place", f"holds rows of the split {_spans(split.least, split.most)}"
    elif family.least != family.most or not re.match(rf"{split.least}-{re.escape(family.least)}[-.]", path.name):
        yield "place", f"holds rows of the family {_spans(family.least, family.most)}"


def _spans(least: str, most: str) -> str:
    return repr(least) if least == most else f"{least!r} and {most!r}"
