"""The generation store: every answer of a model, asked for once in the life of the project.

`hot.sqlite` is the log that answers are committed to in groups, on a local disk; `compact` moves it into the immutable
files of `segments/`, which may be copied between machines. Only an answer with status `ok` is ever reused, and the
first one committed stays; everything else is remembered as an attempt. Any number of processes may share a
store, and any of them may be killed at any time: a committed group is never lost, a group is never half there.

>>> with GenerationStore(store / "generations") as generations:
...     known = generations.get(keys)
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from schemas.backend import Answer
from schemas.errors import NotWritable
from tasks.generations.log import Log
from tasks.generations.segments import Row, Segments, write_segment


class GenerationStore:
    """A folder of stored answers; keys are those of `request_key`. Raises NotWritable when it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self._segments = Segments(folder / "segments")
        try:
            self._segments.folder.mkdir(parents=True, exist_ok=True)
            self._log = Log(folder / "hot.sqlite")
        except (OSError, sqlite3.OperationalError) as error:
            raise NotWritable(
                f"The generation store {str(folder)!r} cannot be opened ({error}). Give a --store on a local disk "
                "that you may write to."
            ) from error

    def __enter__(self) -> "GenerationStore":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._log.close()

    def recall(self, keys: Iterable[str]) -> tuple[dict[str, Answer], dict[str, list[Answer]]]:
        """What is stored for keys: the `ok` answers, and what was tried in vain, in the order it was tried.

        A key without the one or the other is absent there. Raises BadTable for a damaged segment.
        """
        found: dict[str, Answer] = {}
        failed: dict[str, list[Answer]] = {}
        for row in sorted(self._rows(set(keys)), key=lambda row: row.ordinal):
            if row.ordinal:
                failed.setdefault(row.key, []).append(_answer(row))
            else:
                found[row.key] = _answer(row)
        return found, failed

    def get(self, keys: Iterable[str]) -> dict[str, Answer]:
        """The `ok` answers among keys: the only ones that are hits."""
        return self.recall(keys)[0]

    def attempts(self, keys: Iterable[str]) -> dict[str, list[Answer]]:
        """What was tried in vain for each of the keys, in the order it was tried."""
        return self.recall(keys)[1]

    def put(self, answers: Mapping[str, Answer]) -> dict[str, Answer]:
        """Commit a group of answers at once and for good.

        Returns those that another had stored first: they are the ones to use, ours are dropped.
        """
        with self._log.transaction():
            first: dict[str, Answer] = {}
            tried: dict[str, int] = {}
            for row in self._rows(answers.keys()):
                tried[row.key] = max(tried.get(row.key, 0), row.ordinal)
                if row.ordinal == 0:
                    first[row.key] = _answer(row)
            fresh = ((key, answer) for key, answer in answers.items() if key not in first)
            self._log.insert(_row(key, 1 + tried.get(key, 0), answer) for key, answer in fresh)
        return first

    def compact(self) -> Path | None:
        """Move the log into a new segment and return its path; None when the log is empty."""
        with self._log.transaction():
            rows = self._log.all_rows()
            target = write_segment(self._segments.folder, rows) if rows else None
            self._log.clear()
        return target

    def _rows(self, keys: Collection[str]) -> Iterator[Row]:
        """Every (key, ordinal) once: segments win over the log, which repeats them when `compact` was interrupted."""
        seen: set[tuple[str, int]] = set()
        for source in (self._segments, self._log):
            for row in source.rows(keys):
                if row[:2] not in seen:
                    seen.add(row[:2])
                    yield row


def _row(key: str, attempt: int, answer: Answer) -> Row:
    ordinal = 0 if answer.status == "ok" else attempt
    return Row(key, ordinal, answer.status, answer.text, answer.detail, answer.prompt_tokens, answer.completion_tokens)


def _answer(row: Row) -> Answer:
    return Answer(
        text=row.text,
        status=row.status,
        detail=row.detail,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
    )
