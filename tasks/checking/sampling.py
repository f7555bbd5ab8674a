"""Which rows a gate that cannot read them all looks at, and reading just those."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.gate import Staged
from tasks.checking.blocks import Block, Ints, Keys, Words, blocks, pieces
from tasks.checking.memory import Memory
from tasks.checking.pictures import SHOWN_IMAGE, Index

Mask = npt.NDArray[np.bool_]


TRAIN, TEST = 0, 1
_SPLITS = ("train", "test")
_Met = dict[str | None, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """One value per row: its number in the table, what it is, whom its Image 1 shows, and a key to draw it by.

    Families and kinds are numbered by `AllAsked`, splits are TRAIN, TEST or -1, persons as they first appear.
    """

    row: Ints
    family: npt.NDArray[np.int16]
    kind: npt.NDArray[np.int16]
    split: npt.NDArray[np.int8]
    person: npt.NDArray[np.int32]
    key: Keys

    def where(self, mask: Mask) -> "Asked":
        """Some of the rows."""
        return Asked(*(getattr(self, name)[mask] for name in _ARRAYS))

    def first(self, ranked: Ints, most: int) -> "Asked":
        """The first `most` rows of an order, in the order of the table."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[ranked[:most]] = True
        return self.where(chosen)

    def __len__(self) -> int:
        return len(self.row)


_ARRAYS = ("row", "family", "kind", "split", "person", "key")


@dataclass(frozen=True, slots=True)
class AllAsked:
    """The rows that show an image, block by block; numbers of families and kinds lead into their names."""

    families: tuple[str, ...]
    kinds: tuple[str, ...]
    parts: tuple[Asked, ...]

    def of(self, family: str) -> Asked:
        """The rows of one family, in the order of the table."""
        number = self.families.index(family)
        mine = [part.where(part.family == number) for part in self.parts]
        return Asked(*(np.concatenate([getattr(part, name) for part in mine]) for name in _ARRAYS))


def asked(staged: Memory) -> AllAsked:
    """The conversations that show an image."""
    met: tuple[_Met, ...] = ({}, {}, {})
    parts = [_of_block(block, *met) for block in blocks(staged, "conversations")]
    families, kinds, _ = (tuple(str(name) for name in names) for names in met)
    return AllAsked(families, kinds, tuple(parts))


def _of_block(block: Block, families: _Met, kinds: _Met, persons: _Met) -> Asked:
    row, split = block.rows_of(SHOWN_IMAGE), block.words("split")
    first = np.full(block.rows, -1, dtype=np.int64)
    here = np.flatnonzero(block.position(SHOWN_IMAGE) == 1)
    first[row[here]] = here
    person = _numbered(block.words("images[].person_key").or_null(first), persons)
    family, kind = (
        _numbered(block.words(name), known) for name, known in (("family", families), ("answer.kind", kinds))
    )
    return Asked(
        block.numbered,
        family.astype(np.int16),
        kind.astype(np.int16),
        np.append(Index(pa.array(_SPLITS)).places(split.values), -1)[split.codes].astype(np.int8),
        person.astype(np.int32),
        block.hashes("sample_id"),
    ).where(first >= 0)


def _numbered(words: Words, met: _Met) -> Ints:
    """A number per word, null too, counted on from those met before in the order of appearance."""
    codes, places = np.unique(words.codes, return_index=True)
    names = [*words.values.to_pylist(), None]
    numbers = np.zeros(len(names), dtype=np.int64)
    for code in codes[np.argsort(places)].tolist():
        numbers[code] = met.setdefault(names[code], len(met))
    return np.asarray(numbers[words.codes], dtype=np.int64)


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
    found, start = [], 0
    for piece in pieces(staged, "conversations"):
        mine = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + piece.rows)] - start
        if len(mine):
            found.append(piece.columns(columns).take(pa.array(mine)))
        start += piece.rows
    return Sampled(staged, pa.concat_tables(found).combine_chunks())
