"""The hot log of generations: a SQLite file with a write-ahead log, one checksum per row, recovered when torn."""

import fcntl
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import xxhash

from schemas.errors import BadTable
from schemas.keys import canonical_json
from tasks.generations.segments import SCHEMA, Row
from tasks.generations.spending import Spent
from tasks.generations.table import Table

FORMAT = 1
"""Of the file, in its `user_version`; 0 is the same, from before it was written down."""
_WAIT_SECONDS = 60
# Rows are appended in rowid order, so that a file cut short or hit in one place keeps everything before and behind.
_CREATE = (
    """CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, ordinal INTEGER NOT NULL, status TEXT NOT NULL, text TEXT NOT NULL,
    detail TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, sent INTEGER NOT NULL,
    seconds REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, prompt_id TEXT NOT NULL, model TEXT NOT NULL,
    revision TEXT NOT NULL, images INTEGER NOT NULL, image TEXT NOT NULL, prompt TEXT NOT NULL, schema TEXT NOT NULL,
    parameters TEXT NOT NULL, checksum INTEGER NOT NULL)""",
    "CREATE UNIQUE INDEX IF NOT EXISTS by_key ON answers (key, ordinal)",
    """CREATE TABLE IF NOT EXISTS spent (
    model TEXT NOT NULL, revision TEXT NOT NULL, kind TEXT NOT NULL, prompt_id TEXT NOT NULL,
    requests INTEGER NOT NULL, ok INTEGER NOT NULL, sent INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, seconds REAL NOT NULL, wall REAL NOT NULL,
    PRIMARY KEY (model, revision, kind, prompt_id)) WITHOUT ROWID""",
)
_INSERT = """INSERT OR REPLACE INTO answers VALUES
    (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SPEND = """INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    requests = requests + excluded.requests, ok = ok + excluded.ok, sent = sent + excluded.sent,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens,
    seconds = seconds + excluded.seconds, wall = wall + excluded.wall"""
_ASKED = "SELECT * FROM answers WHERE key IN (SELECT value FROM json_each(?))"
_FORWARDS = "SELECT * FROM answers ORDER BY id"
_SPENT = "SELECT * FROM spent"
_BACKWARDS = "SELECT * FROM answers ORDER BY id DESC"


class Log:
    """An open log. Rows whose checksum does not hold are left out wherever rows are read.

    Raises BadTable for a log that another release wrote in another format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _alone(path.with_name("lock")):
            _check_format(path)
            if not _is_whole(path):
                _recover(path)
            self._file = _connect(path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self, keys: Collection[str]) -> Iterator[Row]:
        """The rows of keys."""
        return _sound(self._file.execute(_ASKED, (json.dumps(list(keys)),)))

    def all_rows(self) -> list[Row]:
        """Every row, sorted."""
        return sorted(_sound(self._file.execute(_FORWARDS)))

    def insert(self, rows: Iterable[Row]) -> None:
        """Add rows, replacing those of the same key and ordinal."""
        self._file.executemany(_INSERT, ((*row.values, _checksum(row)) for row in rows))

    def spend(self, spent: Iterable[Spent]) -> None:
        """Add to what was spent, by model, kind and prompt."""
        self._file.executemany(_SPEND, spent)

    def spent(self) -> list[Spent]:
        """What was ever asked through this log, by model, kind and prompt; purging and compacting leave it."""
        return [Spent(*row) for row in self._file.execute(_SPENT)]

    def table(self) -> Table:
        """The keys and ordinals of every row, without reading or checking the rows."""
        found = self._file.execute("SELECT key, ordinal FROM answers")
        keys: list[str] = []
        ordinals: list[int] = []
        while rows := found.fetchmany(65_536):
            keys.extend(key for key, _ in rows)
            ordinals.extend(ordinal for _, ordinal in rows)
        return Table.of_rows(keys, ordinals)

    def column_table(self, names: Sequence[str]) -> pa.Table:
        """Some columns of every row, as a segment has them, without checking the rows."""
        places = [SCHEMA.names.index(name) + 1 for name in names]
        columns: list[list[Any]] = [[] for _ in names]
        for row in self._file.execute("SELECT * FROM answers"):
            for column, place in zip(columns, places, strict=True):
                column.append(row[place])
        arrays = [
            pa.array(map(bytes.fromhex, column) if name == "key" else column, SCHEMA.field(name).type)
            for name, column in zip(names, columns, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=pa.schema([SCHEMA.field(name) for name in names]))

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._path.parent.glob(f"{self._path.name}*"))

    def damaged_rows(self) -> int:
        """How many rows fail their checksum."""
        found = self._file.execute(_FORWARDS)
        return sum(1 for *values, checksum in found if _checksum(Row.of(values[1:])) != checksum)

    def clear(self) -> None:
        """Delete every row; what was spent stays."""
        self._file.execute("DELETE FROM answers")

    def delete(self, rows: Iterable[Row]) -> None:
        """Delete some rows; their bytes are overwritten."""
        self._file.execute("PRAGMA secure_delete = ON")
        self._file.executemany("DELETE FROM answers WHERE key = ? AND ordinal = ?", (row[:2] for row in rows))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of a block or nothing of it; one writer at a time."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._file.execute("COMMIT")
        finally:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")


def _connect(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    for statement in _CREATE:
        file.execute(statement)
    if file.execute("PRAGMA user_version").fetchone() != (FORMAT,):
        file.execute(f"PRAGMA user_version = {FORMAT}")
    return file


def _check_format(path: Path) -> None:
    """Raises BadTable for tables that this release does not know; says nothing of files that are no database."""
    found, made = _form(path), _made_form()
    if found is None or not found[1]:
        return
    version, tables = found
    if version in {0, FORMAT} and all(made.get(name) == columns for name, columns in tables.items()):
        return
    shown = f"format {version}" if version not in {0, FORMAT} else f"the tables {', '.join(sorted(tables))}"
    raise BadTable(
        f"The log {str(path)!r} of the generation store was written by another release of ReIDForge: it has {shown}, "
        f"and this release reads format {FORMAT}. Move its answers into segments with that release "
        "(`reidforge generations compact`), or move the file away to have them asked again."
    )


def _form(path: Path) -> tuple[int, dict[str, list[str]]] | None:
    """The version of a database file and the columns of its tables; None when there is none to be read."""
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as file:
            return _form_of(file)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return None


def _made_form() -> dict[str, list[str]]:
    """The columns of the tables that this release makes."""
    with closing(sqlite3.connect(":memory:")) as file:
        for statement in _CREATE:
            file.execute(statement)
        return _form_of(file)[1]


def _form_of(file: sqlite3.Connection) -> tuple[int, dict[str, list[str]]]:
    names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    columns = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
    [version] = file.execute("PRAGMA user_version").fetchone()
    tables = [name for (name,) in file.execute(names)]
    return version, {table: [name for (name,) in file.execute(columns, (table,))] for table in tables}


def _checksum(row: Row) -> int:
    return xxhash.xxh3_64_intdigest(canonical_json(row.values)) >> 1


def _sound(found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    for _, *values, checksum in found:
        row = Row.of(values)
        if _checksum(row) == checksum:
            yield row


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_whole(path: Path) -> bool:
    try:
        with closing(_connect(path)) as file:
            return bool(file.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return False


def _recover(path: Path) -> None:
    """Set a torn log aside as `<name>-damaged-<n>` and start a new one with the rows that can still be read."""
    number = 1 + len(list(path.parent.glob(f"{path.name}-damaged-*")))
    damaged = path.with_name(f"{path.name}-damaged-{number}")
    for suffix in ("-wal", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(damaged.with_name(damaged.name + suffix))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    rows = {*_sound(_readable(damaged, _FORWARDS)), *_sound(_readable(damaged, _BACKWARDS))}
    spent = list(_readable(damaged, _SPENT))
    with closing(_connect(path)) as file:
        file.executemany(_INSERT, [(*row.values, _checksum(row)) for row in sorted(rows)])
        file.executemany(_SPEND, spent)


def _readable(path: Path, query: str) -> Iterator[tuple[Any, ...]]:
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA writable_schema = ON")  # otherwise a shortened file is refused as a whole
        yield from file.execute(query)
