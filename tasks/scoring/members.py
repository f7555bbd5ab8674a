"""Who the members of a benchmark are, as codes for counting: equal codes mean equal names, NOBODY means unknown.

    query, gallery = encode(query_columns, gallery_columns)   # {"person": ["market1501:0002", None, ...], ...}

Codes are shared between both sides. An unknown value equals nothing, not even another unknown one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NOBODY = -1
"""The code of an unknown value; as a person, a distractor that counts as wrong for every query."""

JUNK = -2
"""The person code of a box that is removed before ranking, whoever asks (Market-1501's person -1)."""


@dataclass(frozen=True, slots=True)
class Members:
    """Queries or gallery of a benchmark, one code per member and column; a column nobody knows is all NOBODY."""

    person: Ints
    camera: Ints
    place: Ints
    clothes: Ints
    tracklet: Ints

    def __len__(self) -> int:
        return len(self.person)

    def part(self, start: int, stop: int) -> "Members":
        """The members from `start` up to `stop`."""
        return Members(*(getattr(self, field.name)[start:stop] for field in fields(self)))


def members(
    person: npt.ArrayLike,
    camera: npt.ArrayLike | None = None,
    place: npt.ArrayLike | None = None,
    clothes: npt.ArrayLike | None = None,
    tracklet: npt.ArrayLike | None = None,
) -> Members:
    """Members from integer codes; clothes are codes of (person, outfit), a column left out is unknown."""
    size = np.asarray(person).shape[0]
    columns = (person, camera, place, clothes, tracklet)
    unknown = np.full(size, NOBODY, dtype=np.int64)
    return Members(*(unknown if column is None else np.asarray(column, dtype=np.int64) for column in columns))


Columns = Mapping[str, Sequence[str | None]]


def encode(query: Columns, gallery: Columns) -> tuple[Members, Members]:
    """Both sides from names by column (person, camera, place, clothes, tracklet); None is unknown."""
    pairs = {name: _codes(query[name], gallery[name]) for name in query}
    return members(**{n: q for n, (q, _) in pairs.items()}), members(**{n: g for n, (_, g) in pairs.items()})


def _codes(query: Sequence[str | None], gallery: Sequence[str | None]) -> tuple[Ints, Ints]:
    known = sorted({name for name in (*query, *gallery) if name is not None})
    code = {name: number for number, name in enumerate(known)}
    numbers = [[NOBODY if name is None else code[name] for name in side] for side in (query, gallery)]
    return np.array(numbers[0], dtype=np.int64), np.array(numbers[1], dtype=np.int64)
