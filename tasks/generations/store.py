"""The generation store: every answer of a model, asked for once in the life of the project.

`hot.sqlite` is the log that answers are committed to in groups, on a local disk; `compact` moves it into the immutable
files of `segments/`, which may be copied between machines. Only an answer with status `ok` is ever reused, and the
first one committed stays; everything else is remembered as an attempt. Any number of processes may share a
store, and any of them may be killed at any time: a committed group is never lost, a group is never half there.

>>> with GenerationStore(store / "generations") as generations:
...     known = generations.get(keys)
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np

from schemas.backend import Answer
from schemas.errors import NotWritable
from tasks.generations.about import About
from tasks.generations.log import Log
from tasks.generations.segments import Known, Row, Segments, write_segment
from tasks.generations.spending import Spent, spent_on
from tasks.generations.table import words_of

_NOTHING = About()


class GenerationStore:
    """A folder of stored answers; keys are those of `request_key`. Raises NotWritable when it cannot be opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.segments = Segments(folder / "segments")
        try:
            self.segments.folder.mkdir(parents=True, exist_ok=True)
            self.log = Log(folder / "hot.sqlite")
        except (OSError, sqlite3.OperationalError) as error:
            raise NotWritable(
                f"The generation store {str(folder)!r} cannot be opened ({error}). Give a --store on a local disk "
                "that you may write to."
            ) from error

    def __enter__(self) -> "GenerationStore":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.log.close()

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

    def known(self, keys: Sequence[str]) -> Known:
        """Which of many keys are stored, in their order, without reading an answer: what a plan looks up."""
        words = words_of(keys)
        order = np.argsort(words[:, 0])
        words = words[order]
        found = self.segments.known(words)
        self.log.table().look_up(words, found.ok, found.tries)
        known = Known(np.empty_like(found.ok), np.empty_like(found.tries))
        known.ok[order], known.tries[order] = found.ok, found.tries
        return known

    def put(
        self, answers: Mapping[str, Answer], abouts: Mapping[str, About] | None = None, wall: float = 0.0
    ) -> dict[str, Answer]:
        """Commit a group of answers at once and for good, with what each is about and the time it took to get them.

        Returns those that another had stored first: they are the ones to use, ours are dropped. Raises NotWritable,
        for instance when the disk is full: then nothing of the group is stored, and all before it is.
        """
        abouts = abouts or {}
        with self.written():
            first: dict[str, Answer] = {}
            tried: dict[str, int] = {}
            for row in self._rows(answers.keys()):
                tried[row.key] = max(tried.get(row.key, 0), row.ordinal)
                if row.ordinal == 0:
                    first[row.key] = _answer(row)
            fresh = ((key, answer) for key, answer in answers.items() if key not in first)
            self.log.insert(_row(key, 1 + tried.get(key, 0), given, abouts.get(key, _NOTHING)) for key, given in fresh)
            self.log.spend(spent_on([(abouts.get(key, _NOTHING), given) for key, given in answers.items()], wall))
        return first

    def spent(self) -> list[Spent]:
        """What was ever asked through this store's log, by model, kind and prompt."""
        return self.log.spent()

    def compact(self, everything: bool = False) -> Path | None:
        """Move the log into a new segment and return its path; None when there is nothing to move.

        With `everything`, all segments are merged into that one as well.
        """
        with self.written():
            merged = self.segments.all() if everything else []
            rows = list(self.every_row()) if everything else self.log.all_rows()
            if not rows or (len(merged) == 1 and not self.log.all_rows()):
                return None
            target = write_segment(self.segments.folder, rows)
            self.log.clear()
            for segment in merged:
                if segment.path != target:
                    segment.path.unlink()
        return target

    def every_row(self) -> Iterator[Row]:
        """Every stored row once. Raises BadTable for a damaged segment."""
        seen: set[tuple[str, int]] = set()
        for source in (*(segment.all_rows() for segment in self.segments.all()), self.log.all_rows()):
            for row in source:
                if row[:2] not in seen:
                    seen.add(row[:2])
                    yield row

    @contextmanager
    def written(self) -> Iterator[None]:
        """A block that changes the store: all of it or nothing, one writer at a time. Raises NotWritable."""
        try:
            with self.log.transaction():
                yield
        except sqlite3.OperationalError as error:
            raise NotWritable(
                f"The generation store {str(self.folder)!r} cannot be written ({error}). What was committed before is "
                "kept: free some space or mend the disk, and build again."
            ) from error

    def _rows(self, keys: Collection[str]) -> Iterator[Row]:
        """Every (key, ordinal) once: segments win over the log, which repeats them when `compact` was interrupted."""
        seen: set[tuple[str, int]] = set()
        for source in (self.segments, self.log):
            for row in source.rows(keys):
                if row[:2] not in seen:
                    seen.add(row[:2])
                    yield row


def _row(key: str, attempt: int, answer: Answer, about: About) -> Row:
    ordinal = 0 if answer.status == "ok" else attempt
    cost = (answer.prompt_tokens, answer.completion_tokens, answer.sent, answer.seconds)
    return Row(key, ordinal, answer.status, answer.text, answer.detail, *cost, about)


def _answer(row: Row) -> Answer:
    return Answer(
        text=row.text,
        status=row.status,
        detail=row.detail,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        sent=row.sent,
        seconds=row.seconds,
    )
