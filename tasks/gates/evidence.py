"""Reasons come from records: their verdicts follow from their two values, and the values are those of the pictures.

A flipped label therefore kills its rationale. Values are looked up for families whose evidence compares Image 1 with
Image 2; in others one of the two is a statement. A row that asks for reasons must give one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import mix
from tasks.checking.blocks import Block, Ints, Keys, blocks
from tasks.checking.counting import joined, names_of
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import SHOWN_IMAGE
from tasks.checking.toy import toy_rows, toy_staged

Mask = npt.NDArray[np.bool_]
_LINES = "rationale.evidence[]"
_NONE = np.empty(0, dtype=np.uint64)
_SUBJECTS = ("image_id", "clothes_key", "person_key")


@dataclass(frozen=True, slots=True)
class _Seen:
    """The lines of evidence of a block, those held against records, and the rows that are wrong or give no reason."""

    lines: int
    compared: int
    wrong: Ints
    bare: int


@dataclass(frozen=True)
class _Evidence:
    """Recompute every line of evidence; `max_failing` rows may hold a wrong one."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        row, family = block.rows_of(f"{_LINES}.attr"), block.words("family")
        equal = block.words(f"{_LINES}.verdict").among(self.parameters["equal_verdicts"])
        bad = (block.hashes(f"{_LINES}.value_a") != block.hashes(f"{_LINES}.value_b")) == equal
        compared = np.flatnonzero(family.among(self.parameters["compared_families"])[row])
        if len(compared):
            bad[compared] |= ~self._recorded(block, compared)
        reasoned = family.among(self.parameters["reasoned_families"])
        without = np.bincount(row, minlength=block.rows) == 0
        bare = reasoned & (block.words("answer.text").among(["Yes", "No"]) | without)
        wrong = np.union1d(row[bad], np.flatnonzero(bare))
        return _Seen(len(row), len(compared), block.numbered[wrong], int(bare.sum()))

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        failing = joined(one.wrong for one in seen)
        lines, compared, bare = (sum(getattr(one, name) for one in seen) for name in ("lines", "compared", "bare"))
        return Verdict(
            passed=len(failing) <= self.parameters["max_failing"],
            figure=float(len(failing)),
            summary=f"{lines} lines of evidence, {compared} held against records; "
            f"{len(failing)} rows are wrong, {bare} of them give no reason",
            failing=names_of(self.staged, failing),
            remedy="Compose these rows again from the records, or mend the record that changed since.",
        )

    def _recorded(self, block: Block, lines: Ints) -> Mask:
        """Whether Image 1 and Image 2 of some lines' rows, their outfits or persons have the values recorded."""
        row, attr = block.rows_of(f"{_LINES}.attr")[lines], block.hashes(f"{_LINES}.attr")[lines]
        found = np.ones(len(lines), dtype=bool)
        for number, name in ((1, "value_a"), (2, "value_b")):
            at, held = _place_of(block, number)[row], np.zeros(len(lines), dtype=bool)
            value = block.hashes(f"{_LINES}.{name}")[lines]
            for subject, known in self._records.items():
                whom = np.append(block.hashes(f"images[].{subject}"), np.uint64(0))[at]
                held |= (whom != 0) & _among(mix(whom, attr, value), known)
            found &= held
        return found

    @cached_property
    def _records(self) -> dict[str, Keys]:
        """Of every subject's attributes one number per subject, key and value, ascending."""
        found: dict[str, list[Keys]] = {name: [] for name in _SUBJECTS}
        for block in blocks(self.staged, "attributes"):
            for name in _SUBJECTS:
                whom, key, value = (block.hashes(path) for path in (name, "key", "value"))
                found[name].append(np.unique(mix(whom, key, value)[whom != 0]))
        return {name: np.unique(np.concatenate([_NONE, *keys])) for name, keys in found.items()}


def _place_of(block: Block, number: int) -> Ints:
    """The place among the shown images of each row's image of that number; -1 where there is none."""
    places = np.full(block.rows, -1, dtype=np.int64)
    here = np.flatnonzero(block.position(SHOWN_IMAGE) == number)
    places[block.rows_of(SHOWN_IMAGE)[here]] = here
    return places


def _among(keys: Keys, known: Keys) -> Mask:
    """Which keys stand in an ascending array."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    return np.asarray(known[np.minimum(np.searchsorted(known, keys), len(known) - 1)] == keys)


def _toy(flip: bool) -> ToyStaged:
    rows = toy_rows()
    pairs = [row for row in rows["conversations"] if row["family"] == "SAME_YN" and row["answer"]["text"] == "Yes"]
    for row in pairs:
        worn = next(one["value"] for one in rows["attributes"] if one["person_key"] == row["images"][0]["person_key"])
        line = {"attr": "upper_color_primary", "value_a": worn, "value_b": worn, "verdict": "shared"}
        row["answer"]["text"] = row["turns"][1]["text"] = f"Yes. Both wear {worn}."
        row["family"], row["rationale"] = "DIFF_EVID", {"text": f"Both wear {worn}.", "evidence": [line]}
    if flip:
        rows["attributes"][0]["value"] = "orange"
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy(flip=False)


def _bad() -> ToyStaged:
    return _toy(flip=True)


GATE = Gate(title="Evidence from records", severity="error", check=OverBlocks(_Evidence), good=_good, bad=_bad)
