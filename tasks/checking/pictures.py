"""Images and captions of a version by id: where each id that a row names stands, and whose it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.checking.blocks import Block, Ints, Words
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
class Pictures:
    """Every image that person_images or images name: its row in each of the two, -1 where it has none."""

    index: Index
    person_row: Ints
    stored_row: Ints

    @staticmethod
    def of(staged: Memory) -> "Pictures":
        """The pictures of a version, worked out once."""
        found: Pictures = staged.once("pictures", lambda: _pictures(staged))
        return found

    def shown(self, block: Block) -> Ints:
        """The place of every shown image of a block, -1 where it is unknown."""
        found: Ints = block.once("shown pictures", lambda: self.index.of(block.words(SHOWN_IMAGE)))
        return found

    def people(self, places: Ints) -> Ints:
        """The rows in person_images of images at some places, -1 where there is none."""
        return np.append(self.person_row, -1)[places]

    def stored(self, places: Ints) -> Ints:
        """The rows in images of images at some places, -1 where there is none."""
        return np.append(self.stored_row, -1)[places]


def _pictures(staged: Memory) -> Pictures:
    people, stored = column(staged, "person_images", "image_id"), column(staged, "images", "image_id")
    index = Index(pc.unique(pa.concat_arrays([people, stored])).drop_null())
    return Pictures(index, Index(people).places(index.ids), Index(stored).places(index.ids))


def captions_of(staged: Memory) -> Index:
    """Where captions stand in their table, by id."""
    found: Index = staged.once("captions", lambda: Index(column(staged, "captions", "caption_id")))
    return found


def quoted(staged: Memory, block: Block) -> Ints:
    """The row in captions of every quoted text of a block, -1 where it is none."""
    found: Ints = block.once("quoted captions", lambda: captions_of(staged).of(block.words(QUOTED_TEXT)))
    return found


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
