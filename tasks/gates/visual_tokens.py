"""Every picture gets enough visual tokens, and every prompt with its pictures fits what models are trained with.

Tokens follow from the pixel budget of the row by the resize rule of each model family: sides rounded to multiples of
its patch factor, then scaled into the budget. Sizes are those of whole pictures, which bounds parts of them as well.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.rows import numbers, shown, texts
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.contracts.paths import cells

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_AROUND_A_PICTURE = 2
_BOUNDS = ("min_pixels", "max_pixels")


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Hold every row against every model family of the contract; `max_failing` rows may break a bound."""
    table = staged.table("conversations", ["sample_id", "turns", "pixel_budget"])
    images, n = shown(staged), table.num_rows
    low, high = (numbers(cells(table, f"pixel_budget.{name}").values, 1)[images.row] for name in _BOUNDS)
    width, height = (np.maximum(images.numbers(name, 1), 1).astype(np.float64) for name in ("width", "height"))
    words = _words(table, n) * parameters["tokens_per_word"]
    bad, told = np.zeros(n, dtype=bool), []
    for name, model in parameters["models"].items():
        tokens = visual_tokens(width, height, low, high, model["factor"])
        total = np.bincount(images.row, tokens + _AROUND_A_PICTURE, n) + words
        bad[images.row[tokens < parameters["min_tokens"]]] = True
        bad |= total > model["context"]
        least = tokens.min() if len(tokens) else 0
        told.append(f"{name}: {least} tokens or more a picture, {total.max(initial=0):.0f} or fewer a row")
    failing = texts(table.column("sample_id"))[bad]
    return Verdict(
        passed=len(failing) <= parameters["max_failing"],
        figure=float(len(failing)),
        summary=f"{len(failing)} of {n} rows outside the bounds; {'; '.join(told)}",
        failing=first_ids(failing),
        remedy="Set pixel_budget of the recipe so that a crop is seen and a line-up fits, or show fewer pictures.",
    )


def visual_tokens(width: Floats, height: Floats, low: Ints, high: Ints, factor: int) -> Ints:
    """Tokens of pictures (n,) after the resize into low..high pixels: one per square of `factor` pixels."""
    across, down = (np.maximum(np.round(side / factor), 1) for side in (width, height))
    area = across * down * factor**2
    for beyond, bound, rounding in ((area > high, high, np.floor), (area < low, low, np.ceil)):
        scale = np.sqrt(bound / (width * height)) / factor
        across = np.where(beyond, np.maximum(rounding(width * scale), 1), across)
        down = np.where(beyond, np.maximum(rounding(height * scale), 1), down)
    return np.asarray(across * down, dtype=np.int64)


def _words(table: Any, n: int) -> Floats:
    turns = cells(table, "turns[]")
    counted = pc.count_substring(pc.struct_field(turns.values, "text"), " ")
    return np.bincount(turns.rows.to_numpy(), counted.to_numpy() + 1.0, n).astype(np.float64)


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"][0]["pixel_budget"] = {"min_pixels": 3_136, "max_pixels": 12_845_056}
    return toy_staged(rows)


GATE = Gate(title="Visual tokens", severity="error", check=check, good=_good, bad=_bad)
