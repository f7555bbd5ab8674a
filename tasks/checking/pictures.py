"""Images and captions of a version by id: where each id that a row names stands, and whose it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.keys import hash_ids
from tasks.checking.blocks import BLOCK_ROWS, Block, Ints, Keys, Words
from tasks.checking.memory import Memory

SHOWN_IMAGE = "images[].image_id"
QUOTED_TEXT = "texts[].text_id"


@dataclass(frozen=True, slots=True)
class Index:
    """Places of ids; of an id that stands twice the first."""

    ids: pa.Array

    def of(self, words: Words) -> Ints:
        """The place of each word, -1 where it is unknown or null."""
        return np.append(self.places(words.values), -1)[words.codes]

    def places(self, values: Any) -> Ints:
        """The place of each value, -1 where it is unknown."""
        found = pc.index_in(values, value_set=self.ids, skip_nulls=True)
        whole = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
        return np.asarray(pc.fill_null(whole, -1).to_numpy(), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Places:
    """Places in a large column by the 64-bit hashes of its values, in order; of a value that stands twice the first."""

    keys: Keys
    at: Ints

    @staticmethod
    def among(keys: Keys) -> "Places":
        """The places of hashes; 0 stands for null, which has none."""
        known, first = np.unique(keys, return_index=True)
        return Places(known[known != 0], first[known != 0].astype(np.int64))

    def of(self, wanted: Keys) -> Ints:
        """The place of each hash, -1 where it is unknown."""
        if not len(self.keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        found = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[found] == wanted, self.at[found], -1)

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Every image that person_images or images name: its row in each of the two, -1 where it has none."""

    index: Places
    person_row: Ints
    stored_row: Ints

    @staticmethod
    def of(staged: Memory) -> "Pictures":
        """The pictures of a version, worked out once."""
        found: Pictures = staged.once("pictures", lambda: _pictures(staged))
        return found

    def shown(self, block: Block) -> Ints:
        """The place of every shown image of a block, -1 where it is unknown."""
        found: Ints = block.once("shown pictures", lambda: block.found(SHOWN_IMAGE, self.index.of))
        return found

    def people(self, places: Ints) -> Ints:
        """The rows in person_images of images at some places, -1 where there is none."""
        return np.append(self.person_row, -1)[places]

    def stored(self, places: Ints) -> Ints:
        """The rows in images of images at some places, -1 where there is none."""
        return np.append(self.stored_row, -1)[places]


def _pictures(staged: Memory) -> Pictures:
    people, stored = (keys_in(staged, table, "image_id") for table in ("person_images", "images"))
    known = np.unique(np.concatenate([people, stored]))
    known = known[known != 0]
    return Pictures(Places.among(known), Places.among(people).of(known), Places.among(stored).of(known))


def captions_of(staged: Memory) -> Places:
    """Where captions stand in their table, by id."""
    found: Places = staged.once("captions", lambda: Places.among(keys_in(staged, "captions", "caption_id")))
    return found


def quoted(staged: Memory, block: Block) -> Ints:
    """The row in captions of every quoted text of a block, -1 where it is none."""
    found: Ints = block.once("quoted captions", lambda: block.found(QUOTED_TEXT, captions_of(staged).of))
    return found


def keys_in(staged: Memory, table: str, name: str) -> Keys:
    """A 64-bit hash of every value of a column of words, 0 for null; worked out once, without keeping the words."""
    found: Keys = staged.once(("keys", table, name), lambda: keys_of(staged.staged.table(table, [name]).column(0)))
    return found


def keys_of(values: pa.Array | pa.ChunkedArray) -> Keys:
    """A 64-bit hash of every value, 0 for null."""
    parts = [values.slice(start, BLOCK_ROWS) for start in range(0, len(values), BLOCK_ROWS)]
    known = [hash_ids(pc.fill_null(part, "").to_pylist()) for part in parts]
    held = [np.asarray(pc.is_valid(part), dtype=bool) for part in parts]
    return np.concatenate([np.empty(0, dtype=np.uint64), *map(np.multiply, known, held)]).astype(np.uint64)


def column(staged: Memory, table: str, name: str) -> pa.Array:
    """One column of a small table as one array."""
    found = staged.table(table, [name]).column(0)
    return found.combine_chunks() if found.num_chunks != 1 else found.chunk(0)


def words_of(staged: Memory, table: str, name: str) -> Words:
    """A column of words of a small table as codes, worked out once."""

    def coded() -> Words:
        found = column(staged, table, name).dictionary_encode()
        codes = np.asarray(pc.fill_null(found.indices.cast(pa.int64()), -1).to_numpy(), dtype=np.int64)
        return Words(codes, found.dictionary)

    words: Words = staged.once(("words", table, name), coded)
    return words


def numbers_of(staged: Memory, table: str, name: str, missing: int) -> npt.NDArray[np.int64]:
    """A column of numbers of a small table, with a stand-in for null."""
    return np.asarray(pc.fill_null(column(staged, table, name).cast(pa.int64()), missing).to_numpy(), dtype=np.int64)
