"""Every picture gets enough visual tokens, and every prompt with its pictures fits what models are trained with.

Tokens follow from the pixel budget of the row by the resize rule of each model family: sides rounded to multiples of
its patch factor, then scaled into the budget. Sizes are those of whole pictures, which bounds parts of them as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.counting import joined, names_of
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.toy import toy_rows, toy_staged

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_AROUND_A_PICTURE = 2
_SIDES = ("width", "height")
_BOUNDS = ("min_pixels", "max_pixels")


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many rows a block has, which break a bound; per model the fewest tokens of a picture, the most of a row."""

    rows: int
    bad: Ints
    least: tuple[int | None, ...]
    most: tuple[float, ...]


@dataclass(frozen=True)
class _Tokens:
    """Hold every row against every model family of the contract; `max_failing` rows may break a bound."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        row = block.rows_of("images[].width")
        low, high = (block.numbers(f"pixel_budget.{name}", 1)[row] for name in _BOUNDS)
        width, height = (np.maximum(block.numbers(f"images[].{name}", 1), 1).astype(np.float64) for name in _SIDES)
        words = _words(block) * self.parameters["tokens_per_word"]
        bad, least, most = np.zeros(block.rows, dtype=bool), [], []
        for model in self.parameters["models"].values():
            tokens = visual_tokens(width, height, low, high, model["factor"])
            total = np.bincount(row, tokens + _AROUND_A_PICTURE, block.rows) + words
            bad[row[tokens < self.parameters["min_tokens"]]] = True
            bad |= total > model["context"]
            least.append(int(tokens.min()) if len(tokens) else None)
            most.append(float(total.max(initial=0)))
        return _Seen(block.rows, block.numbered[bad], tuple(least), tuple(most))

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        failing, told = joined(one.bad for one in seen), []
        for place, name in enumerate(self.parameters["models"]):
            least = min((n for one in seen if (n := one.least[place]) is not None), default=0)
            most = max((one.most[place] for one in seen), default=0)
            told.append(f"{name}: {least} tokens or more a picture, {most:.0f} or fewer a row")
        n = sum(one.rows for one in seen)
        return Verdict(
            passed=len(failing) <= self.parameters["max_failing"],
            figure=float(len(failing)),
            summary=f"{len(failing)} of {n} rows outside the bounds; {'; '.join(told)}",
            failing=names_of(self.staged, failing),
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


def _words(block: Block) -> Floats:
    """About how many words the turns of each row have."""
    turns = block.words("turns[].text")
    counted = np.asarray(pc.count_substring(turns.values, " ").to_numpy(), dtype=np.float64) + 1.0
    return np.bincount(block.rows_of("turns[].text"), counted[turns.codes], block.rows).astype(np.float64)


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"][0]["pixel_budget"] = {"min_pixels": 3_136, "max_pixels": 12_845_056}
    return toy_staged(rows)


GATE = Gate(title="Visual tokens", severity="error", check=OverBlocks(_Tokens), good=_good, bad=_bad)
