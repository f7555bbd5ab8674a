"""Which rows a gate that cannot try them all looks at, drawn by their ids in one pass, and reading just those."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.gate import Staged
from schemas.keys import mix
from tasks.checking.blocks import Block, Ints, Keys, Piece, pieces
from tasks.checking.memory import Memory
from tasks.checking.pictures import SHOWN_IMAGE

TRAIN, ASIDE, TEST = "train", "aside", "test"
_ASIDE_OF = 4
Cell = tuple[str, str, str]
"""A family, a way of answering, and TRAIN, ASIDE (the train rows of every fourth person) or TEST."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Of `n` rows those that come first by key: number in the table, key, and a hash of the person in their Image 1."""

    n: int
    row: Ints
    key: Keys
    person: Keys

    def first(self, most: int) -> "Drawn":
        """The `most` rows of the least keys, in the order of the table."""
        if len(self) <= most:
            return self
        kept = np.sort(np.lexsort((self.row, self.key))[:most])
        return Drawn(self.n, self.row[kept], self.key[kept], self.person[kept])

    def __len__(self) -> int:
        return len(self.row)


_NOTHING = Drawn(0, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.uint64))


def together(found: Iterable[Drawn], most: int) -> Drawn:
    """Several draws as one, in the order of the table."""
    held = [_NOTHING, *found]
    row, key, person = (np.concatenate([getattr(one, name) for one in held]) for name in ("row", "key", "person"))
    turn = np.argsort(row, kind="stable")
    return Drawn(sum(one.n for one in held), row[turn], key[turn], person[turn]).first(most)


def drawn(block: Block, ways: Mapping[str, str], most: Mapping[str, int], seed: int) -> dict[Cell, Drawn]:
    """From every cell of a block that shows an image, the `most` rows (by TRAIN, ASIDE, TEST) of the least keys.

    `ways` names the way of answering of each kind; other kinds are "open".
    """
    shown, first = block.rows_of(SHOWN_IMAGE), np.full(block.rows, -1, dtype=np.int64)
    here = np.flatnonzero(block.position(SHOWN_IMAGE) == 1)
    first[shown[here]] = here
    person = np.append(block.hashes("images[].person_key"), np.uint64(0))[first]
    key = mix(seed, block.hashes("sample_id"))
    names, codes = _cells(block, mix(seed, person) % np.uint64(_ASIDE_OF) == 0, ways)
    codes[first < 0] = -1
    found: dict[Cell, Drawn] = {}
    for code in np.unique(codes[codes >= 0]).tolist():
        mine, cell = np.flatnonzero(codes == code), names[code]
        one = Drawn(len(mine), block.numbered[mine], key[mine], person[mine]).first(most[cell[2]])
        found[cell] = together([found.get(cell, _NOTHING), one], most[cell[2]])
    return found


def _cells(block: Block, aside: npt.NDArray[np.bool_], ways: Mapping[str, str]) -> tuple[list[Cell], Ints]:
    """The cells that a block may have, and the place among them of each row; -1 for a row of another split."""
    family, kind, split = (block.words(name) for name in ("family", "answer.kind", "split"))
    way = [ways.get(str(one), "open") for one in (*kind.values.to_pylist(), None)]
    families = [str(one) for one in (*family.values.to_pylist(), None)]
    parts = (TRAIN, ASIDE, TEST)
    names = [(one, answered, part) for one in families for answered in way for part in parts]
    part = np.select([split.among([TRAIN]) & ~aside, split.among([TRAIN]), split.among([TEST])], [0, 1, 2], -1)
    place = (family.codes % len(families) * len(way) + kind.codes % len(way)) * len(parts) + part
    return names, np.where(part < 0, -1, place)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A version with only some of its conversations, in their order."""

    staged: Memory
    rows: pa.Table

    def has(self, table: str) -> bool:
        """Whether the version holds that table."""
        return self.staged.has(table)

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One table; of the conversations the sampled ones."""
        if table != "conversations":
            return self.staged.table(table, columns)
        return self.rows.select(list(columns)) if columns else self.rows


def sampled(staged: Memory, rows: Ints, columns: Sequence[str]) -> Staged:
    """The version with only the conversations of some ascending row numbers; at least one row."""
    held: list[Piece] = staged.once("pieces of conversations", lambda: list(pieces(staged, "conversations")))
    starts = np.cumsum([0, *(piece.rows for piece in held)])
    owner = np.searchsorted(starts, rows, side="right") - 1
    found = [
        held[place].columns(columns).take(pa.array(rows[owner == place] - starts[place])) for place in np.unique(owner)
    ]
    return Sampled(staged, pa.concat_tables(found).combine_chunks())
