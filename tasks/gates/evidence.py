"""Reasons come from records: their verdicts follow from their two values, and the values are those of the pictures.

A flipped label therefore kills its rationale. Values are looked up for families whose evidence compares Image 1 with
Image 2; in others one of the two is a statement. Who was asked for reasons must not answer without.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.blind import Blind
from tasks.checking.rows import texts
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.contracts.paths import cells

Mask = npt.NDArray[np.bool_]
_FIELDS = ("attr", "value_a", "value_b", "verdict")
_SUBJECTS = ("image_id", "clothes_key", "person_key")


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Recompute every line of evidence; `max_failing` rows may hold a wrong one."""
    table = staged.table("conversations", ["sample_id", "family", "answer", "rationale"])
    lines = cells(table, "rationale.evidence[]")
    row = np.asarray(lines.rows.to_numpy(), dtype=np.int64)
    attr, one, other, verdict = (pc.struct_field(lines.values, name) for name in _FIELDS)
    equal = np.isin(texts(verdict).astype(str), parameters["equal_verdicts"])
    wrong = texts(one) != texts(other)
    bad = wrong == equal
    compared = np.isin(texts(table.column("family"))[row].astype(str), parameters["compared_families"])
    if compared.any():
        bad |= compared & ~_recorded(staged, row, attr, {1: one, 2: other})
    bare = _asked_in_vain(table, np.bincount(row, minlength=table.num_rows), parameters["reasoned_families"])
    failing = texts(table.column("sample_id"))[np.union1d(row[bad], np.flatnonzero(bare))]
    return Verdict(
        passed=len(failing) <= parameters["max_failing"],
        figure=float(len(failing)),
        summary=f"{len(row)} lines of evidence, {int(compared.sum())} held against records; "
        f"{len(failing)} rows are wrong, {int(bare.sum())} of them give no reason",
        failing=first_ids(failing),
        remedy="Compose these rows again from the records, or mend the record that changed since.",
    )


def _asked_in_vain(table: pa.Table, n_lines: npt.NDArray[np.int64], families: Sequence[str]) -> Mask:
    """Rows of families that ask for reasons, without evidence or with a bare Yes or No."""
    reasoned = np.isin(texts(table.column("family")).astype(str), families)
    bare = np.isin(texts(cells(table, "answer.text").values).astype(str), ("Yes", "No"))
    return np.asarray(reasoned & (bare | (n_lines == 0)))


def _recorded(staged: Staged, row: npt.NDArray[np.int64], attr: pa.Array, values: Mapping[int, pa.Array]) -> Mask:
    """Whether Image 1 and Image 2 of each line's row, their outfits or persons have the values recorded."""
    blind = Blind(staged, 1)
    found, nobody = np.ones(len(row), dtype=bool), np.full(1, None, dtype=object)
    records = staged.table("attributes", [*_SUBJECTS, "key", "value"])
    known = {name: _joined(records.column(name), records.column("key"), records.column("value")) for name in _SUBJECTS}
    for number, value in values.items():
        at = blind.place_of(number)[row]
        held = np.zeros(len(row), dtype=bool)
        for name in _SUBJECTS:
            subject = pa.array(np.concatenate([blind.shown.texts(name), nobody])[at], pa.string())
            seen = pc.is_in(_joined(subject, attr, value), value_set=known[name], skip_nulls=True)
            held |= np.asarray(seen.to_numpy(zero_copy_only=False))
        found &= held
    return found


def _joined(subject: Any, key: Any, value: Any) -> pa.Array:
    """Subject, key and value as one text; null where any is null."""
    whole = [part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part for part in (subject, key, value)]
    return pc.binary_join_element_wise(*whole, "\0")


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


GATE = Gate(title="Evidence from records", severity="error", check=check, good=_good, bad=_bad)
