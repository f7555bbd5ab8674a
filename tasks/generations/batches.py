"""Batch files in and out of a store: requests that are to be asked, and the answers that a service wrote.

<store>/asking/batch-<digest>.jsonl remembers, beside the batch file, what each of its keys stands for.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from generators.endpoint.batch import MAX_LINE, answer_of, read_outcome, request_line
from schemas.backend import Answer, ImageSource, Request
from schemas.errors import BadTable, NotWritable
from schemas.keys import canonical_json
from tasks.generations.about import About, about
from tasks.generations.chunks import request_of
from tasks.generations.client import GROUP_ROWS
from tasks.generations.store import GenerationStore

MAX_LINES, MAX_BYTES = 50_000, 190 * 2**20
"""What a batch file may hold at the services that read it."""


class Asked(NamedTuple):
    """A request of a batch under its key, with the preprocessing that is part of the key."""

    key: str
    request: Request
    preprocessing_id: str


@dataclass(slots=True)
class Imported:
    """What became of the lines of a result file."""

    stored: int = 0
    ok: int = 0
    rejected: int = 0
    unanswered: int = 0
    repeated: int = 0
    unknown: int = 0
    unreadable: int = 0


def export_batch(store: Path, asked: Sequence[Asked], images: ImageSource, out: Path) -> list[Path]:
    """Write requests as batch files `<out>-001.jsonl` … and remember them. Raises NotWritable.

    A request whose image is gone is left out, and asked again when it is there.
    """
    written: list[Path] = []
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for lines in _files(asked, images):
            path = out.with_name(f"{out.name.removesuffix('.jsonl')}-{len(written) + 1:03}.jsonl")
            path.write_bytes(b"".join(lines))
            written.append(path)
        _remember(store / "asking", asked)
    except OSError as error:
        raise NotWritable(f"The batch file {str(out)!r} cannot be written ({error.strerror}).") from error
    return written


def _files(asked: Iterable[Asked], images: ImageSource) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    size = 0
    for each in asked:
        try:
            line = request_line(each.key, each.request, images)
        except KeyError:
            continue
        if lines and (len(lines) >= MAX_LINES or size + len(line) > MAX_BYTES):
            yield lines
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield lines


def _remember(folder: Path, asked: Sequence[Asked]) -> None:
    lines = b"".join(canonical_json([each.key, asdict(each.request), each.preprocessing_id]) + b"\n" for each in asked)
    path = folder / f"batch-{hashlib.sha256(lines).hexdigest()[:24]}.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(lines)
    os.replace(draft, path)


def remembered(store: Path) -> dict[str, Asked]:
    """Every request that was ever written to a batch file, by key. Raises BadTable for a record that was damaged."""
    found: dict[str, Asked] = {}
    for path in sorted((store / "asking").glob("batch-*.jsonl")):
        try:
            with path.open("rb") as file:
                for line in file:
                    key, values, preprocessing_id = json.loads(line)
                    found[key] = Asked(key, request_of(values), preprocessing_id)
        except (ValueError, TypeError, KeyError) as error:
            raise BadTable(f"The record of a batch {str(path)!r} is damaged: write the batch again.") from error
    return found


def import_batch(store: Path, results: Path, generations: GenerationStore) -> Imported:
    """Store the answers of a result file: the first of each key counts, and only keys that a batch asked for.

    Raises BadTable when the file cannot be read at all, or holds nothing that this store asked for.
    """
    asked, counted = remembered(store), Imported()
    group: dict[str, tuple[About, Answer]] = {}
    for one, answer in _answered(results, asked, counted):
        group[one.key] = (about(one.request, one.preprocessing_id), answer)
        if len(group) >= GROUP_ROWS:
            _store(generations, group, counted)
    _store(generations, group, counted)
    if not counted.stored + counted.repeated + counted.unanswered:
        raise BadTable(
            f"The result file {str(results)!r} holds no answer to a request of this store: {counted.unreadable:,} "
            f"lines are no results, {counted.unknown:,} are to requests that were never exported here."
        )
    return counted


def _answered(results: Path, asked: Mapping[str, Asked], counted: Imported) -> Iterator[tuple[Asked, Answer]]:
    """The first answer to each request that was asked; every other line of the file is only counted."""
    seen: set[str] = set()
    for line in _lines(results):
        outcome = read_outcome(line)
        if outcome is None:
            counted.unreadable += 1
        elif outcome.custom_id not in asked:
            counted.unknown += 1
        elif outcome.custom_id in seen:
            counted.repeated += 1
        elif (answer := answer_of(outcome, asked[outcome.custom_id].request)) is None:
            counted.unanswered += 1
        else:
            seen.add(outcome.custom_id)
            yield asked[outcome.custom_id], answer


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE + 1):
                if line.strip():
                    yield line
    except OSError as error:
        raise BadTable(f"The result file {str(path)!r} cannot be read ({error.strerror}).") from error


def _store(generations: GenerationStore, group: dict[str, tuple[About, Answer]], counted: Imported) -> None:
    """Commit a group; an answer that is stored already, of whatever status, is not stored again."""
    known = generations.known(list(group)) if group else None
    there = [] if known is None else (known.ok | (known.tries > 0)).tolist()
    fresh = {key: pair for (key, pair), has in zip(group.items(), there, strict=True) if not has}
    counted.repeated += len(group) - len(fresh)
    generations.put({key: given for key, (_, given) in fresh.items()}, {key: what for key, (what, _) in fresh.items()})
    ok = sum(given.status == "ok" for _, given in fresh.values())
    counted.stored += len(fresh)
    counted.ok += ok
    counted.rejected += len(fresh) - ok
    group.clear()
