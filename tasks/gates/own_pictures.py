"""What must be searched for is never shown: no row about a caption shows the picture it was written about, and no
clothes template or further query is the match. Near-duplicates by perceptual hash count as the same picture.

Families in which a caption is about its own picture, such as CAP_SHORT, are not in the contract's list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from generators.near_hashes import RADIUS, is_flat
from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import hash_ids
from tasks.checking.blocks import Block, Ints, Keys
from tasks.checking.counting import Failing
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import column, keys_in
from tasks.checking.toy import Row, toy_rows, toy_staged

_IMAGES = "images[].image_id"
_BESIDE = ("clothes_template", "query_extra")


@dataclass(frozen=True)
class _Own:
    """Compare pictures that a row shows with those that it must not show; `max_failing` rows may show one."""

    staged: Memory
    parameters: Mapping[str, Any]

    @cached_property
    def looks(self) -> tuple[Keys, Keys]:
        """Keys of all stored pictures in order, and their perceptual hashes; a flat picture's is its key."""
        keys = keys_in(self.staged, "images", "image_id")
        hashes = np.asarray(column(self.staged, "images", "phash").to_numpy(), dtype=np.uint64)
        turn = np.argsort(keys, kind="stable")
        return keys[turn], np.where(is_flat(hashes), keys, hashes)[turn]

    @cached_property
    def written_about(self) -> tuple[Keys, Keys]:
        """Keys of all captions in order, and those of the pictures that they describe."""
        captions, images = (keys_in(self.staged, "captions", name) for name in ("caption_id", "image_id"))
        turn = np.argsort(captions, kind="stable")
        return captions[turn], images[turn]

    def seen(self, block: Block) -> tuple[int, Failing]:
        asked, shown = block.words("family").among(self.parameters["families"]), block.rows_of(_IMAGES)
        row = block.rows_of("texts[].text_id")
        about = _found(self.written_about, block.hashes("texts[].text_id"))
        mine = asked[row] & (about != 0)
        told = self._same(block, row[mine], about[mine], np.ones(len(shown), dtype=bool))
        beside, candidate = (block.words("images[].role").among(names) for names in (_BESIDE, ("gallery",)))
        shared = self._same(block, shown[beside], block.hashes(_IMAGES)[beside], candidate)
        looked_at = np.union1d(row[mine], shown[beside])
        return len(looked_at), Failing.of(block, np.union1d(told, shared))

    def _same(self, block: Block, row: Ints, image: Keys, candidate: npt.NDArray[np.bool_]) -> Ints:
        """The rows in which one of the pictures beside `row` is a candidate that is shown there, or nearly."""
        shown, keys = block.rows_of(_IMAGES), block.hashes(_IMAGES)
        start, stop = np.searchsorted(shown, row), np.searchsorted(shown, row, side="right")
        owner = np.repeat(np.arange(len(row)), stop - start)
        at = np.arange(len(owner)) - np.repeat(np.cumsum(stop - start) - (stop - start), stop - start) + start[owner]
        one, other = _found(self.looks, image[owner]), _found(self.looks, keys[at])
        near = (one != 0) & (other != 0) & (np.bitwise_count(one ^ other) <= RADIUS)
        return np.unique(row[owner[candidate[at] & (near | (image[owner] == keys[at]))]])

    def verdict(self, seen: Sequence[tuple[int, Failing]]) -> Verdict:
        failing = Failing.all([one for _, one in seen])
        return Verdict(
            passed=len(failing) <= self.parameters["max_failing"],
            figure=float(len(failing)),
            summary=f"{len(failing)} of {sum(n for n, _ in seen)} rows show a picture that they must not show",
            failing=failing.first,
            remedy="Compose these families again: a row whose person has no other picture is left out.",
        )


def _found(table: tuple[Keys, Keys], wanted: Keys) -> Keys:
    """The value beside each wanted key; 0 where there is none."""
    keys, values = table
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.uint64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], np.uint64(0))


def _toy(own: bool) -> ToyStaged:
    """Each pair row becomes a description: of the first picture, asked of the second, or of the first itself."""
    rows = toy_rows()
    for row in (row for row in rows["conversations"] if row["family"] == "SAME_YN"):
        described, other = row["images"][0], row["images"][1]
        row["family"], row["images"] = "T2I_YN", [(described if own else other) | {"role": "candidate"}]
        row["texts"] = [_text(described)]
    for number, image in enumerate(rows["images"]):
        image["phash"] = int(hash_ids([f"look {number}"])[0])
    return toy_staged(rows)


def _text(image: Row) -> Row:
    said = {"text_id": f"{image['image_id']}#0", "role": "query_caption", "source": "grammar"}
    return said | {"text": "A person.", "lang": "en"}


def _good() -> ToyStaged:
    return _toy(own=False)


def _bad() -> ToyStaged:
    return _toy(own=True)


GATE = Gate(title="Own pictures are hidden", severity="error", check=OverBlocks(_Own), good=_good, bad=_bad)
