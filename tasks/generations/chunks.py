"""What is to be asked, in chunks that a task can be told by name: a file of requests and a range of it.

<store>/asking/<digest>.jsonl holds one request a line. The files are working papers: they may be deleted at any time.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from schemas.backend import Request, Turn
from schemas.errors import BadTable, NotWritable
from schemas.keys import canonical_json
from schemas.recipe import ModelChoice
from tasks.generations.spending import Spent

FIRST_ROWS = 2_000
"""Requests of the first chunk of a model, by which its rate is measured."""
FEWEST_ROWS, MOST_ROWS = 500, 40_000
_CHUNK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A range of the requests of a file, and the model that is asked."""

    path: Path
    start: int
    stop: int
    model: ModelChoice


def chunk_rows(spent: Iterable[Spent], model: str) -> int | None:
    """How many requests make a chunk of about a minute at the rate a model was asked at; None before any was measured.

    The size changes nothing but what an orchestrator has to do: answers are committed as they come, whatever the chunk.
    """
    mine = [each for each in spent if each.model == model]
    wall = sum(each.wall for each in mine)
    if not wall:
        return None
    rate = sum(each.requests for each in mine) / wall
    return int(min(max(rate * _CHUNK_SECONDS, FEWEST_ROWS), MOST_ROWS))


def write_chunks(store: Path, model: ModelChoice, requests: Sequence[Request], rows: int) -> list[Chunk]:
    """Write requests down and cut them into chunks. Raises NotWritable."""
    if not requests:
        return []
    lines = b"".join(canonical_json(asdict(request)) + b"\n" for request in requests)
    path = store / "asking" / f"{hashlib.sha256(lines).hexdigest()[:24]}.jsonl"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(lines)
        os.replace(draft, path)
    except OSError as error:
        raise NotWritable(f"The file {str(path)!r} cannot be written ({error.strerror}).") from error
    starts = range(0, len(requests), rows)
    return [Chunk(path, start, min(start + rows, len(requests)), model) for start in starts]


def read_chunk(chunk: Chunk) -> list[Request]:
    """The requests of a chunk. Raises BadTable when the file is gone or not what was written."""
    try:
        with chunk.path.open(encoding="utf-8") as file:
            return [request_of(json.loads(line)) for line in islice(file, chunk.start, chunk.stop)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadTable(
            f"The requests in {str(chunk.path)!r} cannot be read: build again to write them anew."
        ) from error


def request_of(values: dict[str, Any]) -> Request:
    """A request from what `dataclasses.asdict` made of it. Raises TypeError or KeyError for anything else."""
    turns = tuple(Turn(**turn) for turn in values["history"])
    return Request(**(values | {"images": tuple(values["images"]), "history": turns}))
