"""A wrong candidate must be wrong: it may not satisfy all that the description asserts, as far as records tell.

A description is read by the closed vocabulary. Where the records of a picture of another person know every attribute
that is asserted, and none of them differs, the description fits that picture as well as the right one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from generators.records import Records
from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import uniform
from tasks.checking.blocks import BLOCK_ROWS, Block, shares
from tasks.checking.captions import records_of
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids

_IMAGES, _TEXTS = "images[].image_id", "texts[].text"
Wrong = tuple[str, str, str]
"""A row, what is said in it, and a picture that it must not fit."""


@dataclass(frozen=True)
class _Ambiguous:
    """Hold some `sample` rows in all against the records; `max_share` of their wrong answers may be ambiguous."""

    staged: Memory
    parameters: Mapping[str, Any]

    @cached_property
    def share(self) -> float:
        """How much of the version is looked at."""
        rows = sum(piece.rows for pieces in shares(self.staged, "conversations", BLOCK_ROWS) for piece in pieces)
        return min(1.0, float(self.parameters["sample"]) / max(rows, 1))

    def seen(self, block: Block) -> list[Wrong]:
        mine = block.words("family").among(self.parameters["families"])
        mine &= uniform(block.hashes("sample_id")) <= self.share
        return list(_wrong(block, mine)) if mine.any() else []

    def verdict(self, seen: Sequence[list[Wrong]]) -> Verdict:
        pairs = [pair for found in seen for pair in found]
        records = records_of(self.staged, sorted({image for _, _, image in pairs}), of_models=True)
        places = {image_id: at for at, image_id in enumerate(records.image_ids)}
        said = {text: _asserted(text, self.parameters["keys"]) for text in {text for _, text, _ in pairs}}
        judged = [(name, _fits(said[text], records, places.get(image))) for name, text, image in pairs if said[text]]
        failing = sorted({name for name, fits in judged if fits})
        share = sum(fits for _, fits in judged) / max(len(judged), 1)
        failed = share > self.parameters["max_share"]
        return Verdict(
            passed=not failed,
            figure=round(share, 6),
            summary=f"of {len(judged)} wrong answers looked at, {share:.2%} satisfy all that is said",
            failing=first_ids(failing) if failed else (),
            remedy="Compose these families again from the records of today, or make the answer a set.",
        )


def _wrong(block: Block, mine: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Iterator[Wrong]:
    """Every wrong pairing of some rows: a candidate that is not right, or an option that is not."""
    names = block.plain("sample_id")
    images, texts = _listed(block, _IMAGES, mine), _listed(block, _TEXTS, mine)
    lettered = _listed(block, "texts[].role", mine)
    golds = _listed(block, "answer.gold_set[]", mine)
    decided, index = block.numbers("answer.gold_bool", -1), block.numbers("answer.gold_index", 0)
    for row in np.flatnonzero(mine).tolist():
        name, said, shown = names[row].as_py(), texts.get(row, []), images.get(row, [])
        right = {int(decided[row] == 1)} if decided[row] >= 0 else {int(index[row]), *golds.get(row, [])}
        if lettered.get(row, [None])[0] == "option":
            yield from ((name, text, shown[0]) for number, text in enumerate(said, 1) if number not in right)
        elif said:
            yield from ((name, said[0], image) for number, image in enumerate(shown, 1) if number not in right)


def _listed(block: Block, path: str, mine: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> dict[int, list[Any]]:
    """The values at a path of some rows, by row."""
    row = block.rows_of(path)
    at = np.flatnonzero(mine[row])
    values = block.values(path)
    plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
    found: dict[int, list[Any]] = {}
    for owner, value in zip(row[at].tolist(), plain.take(pa.array(at)).to_pylist(), strict=True):
        found.setdefault(owner, []).append(value)
    return found


def _asserted(text: str, keys: list[str]) -> dict[str, str]:
    return {key: value for key, value in read(text).items() if key in keys}


def _fits(said: Mapping[str, str], records: Records, place: int | None) -> bool:
    found = compared(said, records.record(place) if place is not None else {})
    return found.keys == len(said) and not found.differing


def _toy(twin: bool) -> ToyStaged:
    """Each No of a pair becomes a description asked of a stranger, who wears the same or something else."""
    rows = toy_rows()
    worn = {row["person_key"]: row["value"] for row in rows["attributes"]}
    for row in (row for row in rows["conversations"] if row["sample_id"].endswith("-No") and row["stage"] == 2):
        stranger = row["images"][1]
        colour = worn[stranger["person_key"]] if twin else "white"
        row["family"], row["images"] = "T2I_YN", [stranger | {"role": "candidate"}]
        text = {"text_id": f"{row['sample_id']}#0", "role": "query_caption", "source": "grammar", "lang": "en"}
        row["texts"] = [text | {"text": f"A person in a {colour} coat."}]
    for row in rows["attributes"][:]:
        coat = {"attribute_id": f"{row['attribute_id']}-type", "key": "upper_type", "value": "coat"}
        rows["attributes"].append(row | coat)
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy(twin=False)


def _bad() -> ToyStaged:
    return _toy(twin=True)


GATE = Gate(title="No wrong answer is right", severity="error", check=OverBlocks(_Ambiguous), good=_good, bad=_bad)
