"""Usable captions keep their bounds, hold no leftovers of templates, and name no colour of an infrared picture."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block, Ints
from tasks.checking.captions import usable
from tasks.checking.counting import Failing
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import Pictures, words_of
from tasks.checking.toy import toy_rows, toy_staged

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many usable captions a block has, and those with each fault."""

    usable: int
    faults: dict[str, Failing]


@dataclass(frozen=True)
class _Quality:
    """Look at every valid caption; the wording of people is only asked not to be empty."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        mine = np.flatnonzero(usable(block))
        texts, made = block.plain("text").take(pa.array(mine)), ~block.words("caption_source").among(["human"])[mine]
        empty = _mask(pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0))
        bad = {"are empty": empty} | {what: made & mask for what, mask in self._of_made(block, mine, texts)}
        return _Seen(len(mine), {what: Failing.of(block, mine[mask], True, "caption_id") for what, mask in bad.items()})

    def _of_made(self, block: Block, rows: Ints, texts: pa.Array) -> Iterator[tuple[str, Mask]]:
        """The faults that only made captions can have, each with the captions that have it."""
        words = pc.list_value_length(pc.utf8_split_whitespace(pc.utf8_trim_whitespace(texts)))
        low, high = self.parameters["min_words"], self.parameters["max_words"]
        yield (
            f"have fewer than {low} or more than {high} words",
            _mask(pc.or_(pc.less(words, low), pc.greater(words, high))),
        )
        yield "hold leftovers of a template", _mask(pc.match_substring_regex(texts, self.parameters["leftovers"]))
        colours = "|".join(re.escape(word) for word in self.parameters["colour_words"])
        coloured = pc.match_substring_regex(texts, rf"\b(?:{colours})\b", ignore_case=True)
        yield "name a colour of an infrared picture", _mask(coloured) & self._infrared(block)[rows]

    def _infrared(self, block: Block) -> Mask:
        """Which captions are about pictures without colour."""
        pictures, modality = Pictures.of(self.staged), words_of(self.staged, "person_images", "modality")
        dark = np.append(modality.among(self.parameters["infrared"]), False)
        return dark[pictures.people(pictures.index.of(block.hashes("image_id")))]

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        whats = seen[0].faults if seen else ()
        faults = {what: Failing.all([one.faults[what] for one in seen], by_name=True) for what in whats}
        words = "; ".join(f"{len(found)} {what}" for what, found in faults.items() if len(found))
        failing = Failing.all(list(faults.values()), by_name=True)
        return Verdict(
            passed=not len(failing),
            figure=float(len(failing)),
            summary=words or f"all {sum(one.usable for one in seen)} usable captions are clean",
            failing=failing.first,
            remedy="Mark these captions invalid or mend the template or parser that wrote them.",
        )


def _mask(found: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), dtype=bool)


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["captions"][2]["text"] = "A person in a {upper_color} top."
    return toy_staged(rows)


GATE = Gate(title="Caption quality", severity="error", check=OverBlocks(_Quality, "captions"), good=_good, bad=_bad)
