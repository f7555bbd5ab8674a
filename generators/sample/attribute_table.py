"""The generic `attributes.parquet` beside a raw folder: `image`, `person`, `clothes`, `key`, `value`, all strings.

A null subject means "not about one of these": (person, null clothes) is about the person in any outfit.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from generators.sample.layout import Layout, Shot

_SCHEMA = pa.schema([(name, pa.string()) for name in ("image", "person", "clothes", "key", "value")])


def write_attributes(path: Path, layout: Layout, seed: int, shots: Sequence[Shot], left_out: Sequence[str]) -> None:
    """Write what is known of the persons and outfits in `shots`, but for the keys in `left_out`."""
    subjects = sorted({(shot.pid_raw, shot.clothes_raw, shot.person, shot.outfit) for shot in shots}, key=str)
    rows: dict[tuple[str, str | None, str], str] = {}
    for pid, clothes, person, outfit in subjects:
        for key, value in layout.person(seed, person).attributes().items():
            rows[pid, None, key] = value
        for key, value in layout.outfit(seed, person, outfit).attributes().items():
            rows[pid, clothes, key] = value
    kept = [(None, *subject, value) for subject, value in rows.items() if subject[2] not in left_out]
    kept.sort(key=lambda row: (row[1], row[2] or "", row[3]))
    columns = [[row[i] for row in kept] for i in range(5)]
    pq.write_table(pa.table(columns, schema=_SCHEMA), path, compression="zstd")
