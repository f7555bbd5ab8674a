"""People laid out in files that every process maps, so that those who compose at once share one copy in memory.

lay_out(pool, folder)          # a few dozen files: Arrow tables, arrays, and pool.json that says what is there
pool = laid_out(folder)        # nothing is read until a question looks at it
"""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.keys import canonical_json
from schemas.question import Captions, Distractors, Neighbours, Pool

_RECORD = "pool.json"
_KINDS = {kind.__name__: kind for kind in (Captions, Distractors, Neighbours, Pool)}


def lay_out(pool: Pool, folder: Path) -> None:
    """Write a pool into a new folder."""
    folder.mkdir()
    record = _written(pool, folder, "pool")
    (folder / _RECORD).write_bytes(canonical_json(record))


def laid_out(folder: Path) -> Pool:
    """The pool of a folder that `lay_out` wrote; its arrays cannot be written to."""
    pool: Pool = _mapped(json.loads((folder / _RECORD).read_bytes()), folder)
    return pool


def _written(value: Any, folder: Path, name: str) -> dict[str, Any]:
    """What was written of a value, as `_mapped` finds it again."""
    if isinstance(value, pa.Table):
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, value.schema) as writer:
            writer.write_table(value)
        return {"table": f"{name}.arrow"}
    if isinstance(value, np.ndarray):
        np.save(folder / f"{name}.npy", value, allow_pickle=False)
        return {"array": f"{name}.npy"}
    if isinstance(value, Mapping):
        return {"map": {key: _written(part, folder, f"{name}.{key}") for key, part in value.items()}}
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        found = {key: _written(part, folder, f"{name}.{key}") for key, part in parts.items()}
        return {"kind": type(value).__name__, "fields": found}
    return {"plain": value}


def _mapped(record: Mapping[str, Any], folder: Path) -> Any:
    if "table" in record:
        return pa.ipc.open_file(pa.memory_map(str(folder / record["table"]))).read_all()
    if "array" in record:
        return np.load(folder / record["array"], mmap_mode="r", allow_pickle=False).view(np.ndarray)
    if "map" in record:
        return {key: _mapped(part, folder) for key, part in record["map"].items()}
    if "kind" in record:
        return _KINDS[record["kind"]](**{key: _mapped(part, folder) for key, part in record["fields"].items()})
    return tuple(record["plain"]) if isinstance(record["plain"], list) else record["plain"]
