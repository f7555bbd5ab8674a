"""Every reference between tables finds its row, and rows that repeat facts of another row repeat them truly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block, Ints, Keys, blocks
from tasks.checking.counting import Failing, joined
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import (
    QUOTED_TEXT,
    SHOWN_IMAGE,
    Index,
    Pictures,
    captions_of,
    column,
    keys_in,
    numbers_of,
    quoted,
    words_of,
)
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.contracts.paths import cells

Mask = npt.NDArray[np.bool_]
_REPEATED = ("source", "person_key", "cam_key", "clothes_key", "modality", "frame")
_NUMBERS = ("frame",)
_NEGATIVE = "negatives[].ref"
_NOTHING = -(2**40)
_UNHEARD = -2
Fault = tuple[str, int, Sequence[str]]


@dataclass(frozen=True)
class _References:
    """Count the references and repeated facts that do not hold; `max_failing` may be tolerated.

    `undressed` are the families from which the recipe withholds outfits: their rows must state none.
    """

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> dict[str, Failing]:
        return {what: Failing.of(block, np.unique(rows), by_name=True) for what, rows in self._rows(block)}

    def verdict(self, seen: Sequence[Mapping[str, Failing]]) -> Verdict:
        faults = [fault for fault in self._faults(seen) if fault[1]]
        broken = sum(n for _, n, _ in faults)
        words = "; ".join(f"{n} {what}" for what, n, _ in faults)
        return Verdict(
            passed=broken <= self.parameters["max_failing"],
            figure=float(broken),
            summary=words or "every reference finds its row, and repeated facts agree",
            failing=first_ids(name for _, _, ids in faults for name in ids),
            remedy="Build again from the raw folders; a table was changed without those that refer to it.",
        )

    def _faults(self, seen: Sequence[Mapping[str, Failing]]) -> Iterator[Fault]:
        """Kind by kind: how many and the first ids, the small tables before and after the conversations."""
        yield from map(_counted, _tables(self.staged))
        for what in seen[0] if seen else ():
            found = Failing.all([one[what] for one in seen], by_name=True)
            yield what, len(found), found.first
        yield from map(_counted, _members(self.staged))

    def _rows(self, block: Block) -> Iterator[tuple[str, Ints]]:
        """The rows of a block that break each rule."""
        pictures, place, row = Pictures.of(self.staged), self._places(block), block.rows_of(SHOWN_IMAGE)
        yield "rows that show an unknown image", row[(place < 0) & (block.words(SHOWN_IMAGE).codes >= 0)]
        for name in _REPEATED:
            differs = self._differs(block, name, place)
            yield f"rows that state another {name} than their image has", row[differs]
        stored = pictures.stored(pictures.shown(block))
        for name in ("width", "height"):
            truth = numbers_of(self.staged, "images", name, _NOTHING)
            differs = (stored >= 0) & (np.append(truth, 0)[stored] != block.numbers(f"images[].{name}", _NOTHING))
            yield f"rows that state another {name} than their image has", row[differs]
        yield from self._quoted(block)

    def _places(self, block: Block) -> Ints:
        pictures = Pictures.of(self.staged)
        return pictures.people(pictures.shown(block))

    def _differs(self, block: Block, name: str, place: Ints) -> Mask:
        """Where a known image states another value than its own row has; null is a value of its own."""
        path = f"images[].{name}"
        if name in _NUMBERS:
            truth, stated = numbers_of(self.staged, "person_images", name, _NOTHING), block.numbers(path, _NOTHING)
        else:
            known, said = words_of(self.staged, "person_images", name), block.words(path)
            codes = np.append(np.where((found := Index(known.values).places(said.values)) < 0, _UNHEARD, found), -1)
            truth, stated = known.codes, codes[said.codes]
        expected = np.append(truth, 0)[place]
        if name == "clothes_key":
            withheld = block.words("family").among(self.parameters.get("undressed", ()))[block.rows_of(SHOWN_IMAGE)]
            expected = np.where(withheld, -1, expected)
        return np.asarray((place >= 0) & (expected != stated))

    def _quoted(self, block: Block) -> Iterator[tuple[str, Ints]]:
        place, row = quoted(self.staged, block), block.rows_of(QUOTED_TEXT)
        described = block.words("texts[].role").among(["query_caption"])
        named = block.words(QUOTED_TEXT).codes >= 0
        yield "rows that quote an unknown caption", row[described & named & (place < 0)]
        at = np.flatnonzero(place >= 0)
        differs = self._said[place[at]] != block.hashes("texts[].text")[at]
        yield "rows that quote a caption wrongly", row[at[differs]]
        yield "rows with an unknown negative", block.rows_of(_NEGATIVE)[block.found(_NEGATIVE, self._unknown)]

    @cached_property
    def _said(self) -> Keys:
        """A hash of the words of every caption."""
        return joined(
            [np.empty(0, dtype=np.uint64), *(block.hashes("text") for block in blocks(self.staged, "captions"))]
        )

    def _unknown(self, negatives: Keys) -> Mask:
        """The negatives, by their hashes, that are neither an image of a person nor a caption; null is not judged."""
        pictures = Pictures.of(self.staged)
        lost = (pictures.people(pictures.index.of(negatives)) < 0) & (negatives != 0)
        if lost.any():
            lost[lost] = captions_of(self.staged).of(negatives[lost]) < 0
        return np.asarray(lost)


def _counted(fault: tuple[str, list[str]]) -> Fault:
    what, ids = fault
    return what, len(ids), ids


def _tables(staged: Memory) -> Iterator[tuple[str, list[str]]]:
    people, stored = column(staged, "person_images", "image_id"), column(staged, "images", "image_id")
    yield "stored images that no person image describes", _absent(stored, people, stored)
    yield "person images without a stored image", _absent(people, stored, people)
    yield "captions of another person than their image", _misattributed(staged)
    yield from _attributes(staged)


def _absent(values: pa.Array, known: pa.Array, names: pa.Array) -> list[str]:
    """The names whose value is not null and not known."""
    lost = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=known)))
    return [str(name) for name in names.filter(lost).to_pylist()]


def _misattributed(staged: Memory) -> list[str]:
    pictures = Pictures.of(staged)
    place = pictures.people(pictures.index.of(keys_in(staged, "captions", "image_id")))
    known, said = words_of(staged, "person_images", "person_key"), words_of(staged, "captions", "person_key")
    codes = np.append(np.where((found := Index(known.values).places(said.values)) < 0, _UNHEARD, found), -1)
    differs = (place >= 0) & (np.append(known.codes, 0)[place] != codes[said.codes])
    return [str(name) for name in column(staged, "captions", "caption_id").filter(pa.array(differs)).to_pylist()]


def _attributes(staged: Memory) -> Iterator[tuple[str, list[str]]]:
    subjects = {"image": "image_id", "person": "person_key", "clothes": "clothes_key"}
    bare: dict[str, list[str]] = {level: [] for level in subjects}
    lost: list[str] = []
    known = words_of(staged, "person_images", "person_key").values
    for block in blocks(staged, "attributes"):
        for level, name in subjects.items():
            nobody = block.words("level").among([level]) & (block.words(name).codes < 0)
            bare[level] += block.names(np.flatnonzero(nobody), "attribute_id")
        person = block.words("person_key")
        strange = (Index(known).of(person) < 0) & (person.codes >= 0)
        lost += block.names(np.flatnonzero(strange), "attribute_id")
    for level, name in subjects.items():
        yield f"attributes at {level} level without a {name}", bare[level]
    yield "attributes of a person without images", lost


def _members(staged: Memory) -> Iterator[tuple[str, list[str]]]:
    images, captions = column(staged, "person_images", "image_id"), column(staged, "captions", "caption_id")
    table = staged.table("protocol_members", ["protocol_id", "member_kind", "member_ids"])
    found = cells(table, "member_ids[]")
    kinds = table.column("member_kind").combine_chunks().take(found.rows)
    for kind, known in (("image", images), ("caption", captions), ("combo", pa.concat_arrays([images, captions]))):
        ids = found.values.filter(pc.equal(kinds, kind))
        yield f"protocol members that are no known {kind}", _absent(ids, known, ids)


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"][0]["images"][0]["person_key"] = "toy:0005"
    return toy_staged(rows)


GATE = Gate(title="References between tables", severity="error", check=OverBlocks(_References), good=_good, bad=_bad)
