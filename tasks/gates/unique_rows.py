"""How many different pictures, sets of pictures and questions about a set there are, apart from the number of rows.

A set is what a row shows, in any order; a question is its words about that set. Rows that repeat both teach nothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from schemas.keys import mix, seed_of
from tasks.checking.rows import Shown, codes, shown, texts
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.contracts.paths import cells

Keys = npt.NDArray[np.uint64]


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count, and hold the share of rows that repeat another against `max_share`."""
    images = shown(staged)
    table = staged.table("conversations", ["sample_id", "turns"])
    sets = _sets(images, table.num_rows)
    asked = sets ^ _questions(table, table.num_rows)
    _, first = np.unique(asked, return_index=True)
    again = np.ones(table.num_rows, dtype=bool)
    again[first] = False
    share = float(again.mean()) if len(again) else 0.0
    n_images = len(pc.unique(images.table.column("image_id")))
    return Verdict(
        passed=share <= parameters["max_share"],
        figure=round(share, 6),
        summary=f"{table.num_rows:,} rows: {n_images:,} pictures, {len(np.unique(sets)):,} sets, "
        f"{len(first):,} questions about a set",
        failing=first_ids(texts(table.column("sample_id"))[again]) if share > parameters["max_share"] else (),
        remedy="Ask fewer rows of these families, or cap them per image and wording in the recipe.",
    )


def _sets(images: Shown, n: int) -> Keys:
    """One number per row for the pictures it shows, in whatever order; 0 for none."""
    return _summed(mix(seed_of("set"), codes(images.texts("image_id")).astype(np.uint64)), images.row, n)


def _questions(table: Any, n: int) -> Keys:
    turns = cells(table, "turns[]")
    asked = pc.equal(pc.struct_field(turns.values, "role"), "user")
    said = pc.struct_field(turns.values, "text").filter(asked).dictionary_encode().indices.to_numpy()
    return _summed(mix(seed_of("question"), said.astype(np.uint64)), turns.rows.filter(asked).to_numpy(), n)


def _summed(keys: Keys, rows: npt.NDArray[np.int64], n: int) -> Keys:
    total = np.zeros(n, dtype=np.uint64)
    np.add.at(total, rows, keys)
    return total


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"] += [{**row, "sample_id": f"{row['sample_id']}-again"} for row in rows["conversations"]]
    return toy_staged(rows)


GATE = Gate(title="Unique pictures, sets and questions", severity="warning", check=check, good=_good, bad=_bad)
