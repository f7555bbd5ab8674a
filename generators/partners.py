"""For every image the picture of another person to compare it with: alike as far as their records tell.

Who stands beside whom follows from the images' ids alone, so that a new image changes the partners of few others.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from generators.records import MISSING, Records
from schemas.keys import Words, hash_ids, mix, seed_of

_LOOKED_AT = 12


def partners(records: Records, people: pa.Table, rows: Sequence[int], k: int, seed: int) -> Iterator[int | None]:
    """The partner's row for each of the rows; None where no other person has a picture of that split and modality."""
    persons = people["person_key"].to_pylist()
    cells = list(zip(people["split"].to_pylist(), people["modality"].to_pylist(), strict=True))
    words = hash_ids(records.image_ids)
    rings = {cell: _ring([row for row in rows if cells[row] == cell], words) for cell in {cells[row] for row in rows}}
    codes = np.stack(list(records.values.values()), axis=1)
    starts = mix(seed_of("partner", seed), words, k)
    for row in rows:
        ring = rings[cells[row]]
        at = int(np.searchsorted(words[ring], starts[row]))
        near = [int(ring[(at + step) % len(ring)]) for step in range(min(_LOOKED_AT, len(ring)))]
        others = [other for other in near if persons[other] is not None and persons[other] != persons[row]]
        alike = ((codes[row] != MISSING) & (codes[others] == codes[row])).sum(axis=1) if others else []
        yield others[int(np.argmax(alike))] if others else None


def _ring(rows: list[int], words: Words) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rows in the order of their hashes."""
    found = np.array(rows, dtype=np.int64)
    return found[np.argsort(words[found], kind="stable")]
