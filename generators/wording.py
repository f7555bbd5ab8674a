"""The wording of a family: short paraphrases with slots, read from the YAML file beside it and rendered by column.

same_yn.yaml:
    version: 1
    paraphrases:
      - "Image 1 [[image:1]] Image 2 [[image:2]] Same person? Yes or No."

A slot is `{name}`. Rows are grouped by paraphrase and each group is joined from constant and slot columns at once. The
last paraphrases are held out: only rows of the test split use them, to tell whether a model reads or recites. There are
five of them among 24 or more, and two where a family or a recipe (option `wordings`) has fewer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from schemas.errors import BadRecipe
from schemas.question import Ints

MANY = 24
HELD_OUT_OF_MANY, HELD_OUT_OF_FEW = 5, 2
_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """The paraphrases of a family, and its tables of words (`words[table][name]`)."""

    version: int
    paraphrases: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]

    @property
    def held_out(self) -> int:
        """How many paraphrases, the last ones, only test rows use."""
        return HELD_OUT_OF_MANY if len(self.paraphrases) >= MANY else HELD_OUT_OF_FEW

    def usable(self, split: str) -> Ints:
        """The numbers of the paraphrases a split may use: all for test, all but the held-out ones otherwise."""
        held = 0 if split == "test" else self.held_out
        return np.arange(len(self.paraphrases) - held, dtype=np.int64)

    def first(self, count: int) -> "Wording":
        """The same with its first `count` paraphrases only; numbers keep their text. Raises BadRecipe below three."""
        if count <= HELD_OUT_OF_FEW:
            raise BadRecipe(f"The option 'wordings' must be more than {HELD_OUT_OF_FEW}, found {count!r}.")
        return replace(self, paraphrases=self.paraphrases[:count])


def load_wording(family: str) -> Wording:
    """The wording of a family. Raises BadRecipe when the file has too few paraphrases or repeats one."""
    path = wording_file(family)
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    paraphrases = tuple(raw["paraphrases"])
    if len(paraphrases) <= HELD_OUT_OF_FEW or len(set(paraphrases)) < len(paraphrases):
        raise BadRecipe(f"The wording {path.name!r} needs more than {HELD_OUT_OF_FEW} paraphrases, all different.")
    return Wording(int(raw["version"]), paraphrases, raw.get("words", {}))


def wording_file(family: str) -> Path:
    """Where the wording of a family stands: beside its declaration."""
    return Path(__file__).parent / "questions" / f"{family.lower()}.yaml"


def render(paraphrases: Sequence[str], chosen: Ints, slots: Mapping[str, pa.Array]) -> pa.Array:
    """The text of each row: paraphrase `chosen[i]` with the i-th value of every slot it has."""
    order = np.argsort(chosen, kind="stable")
    numbers, starts = np.unique(chosen[order], return_index=True)
    parts: list[pa.Array] = []
    for number, rows in zip(numbers, np.split(order, starts[1:]), strict=True):
        parts.append(_render_group(paraphrases[number], pa.array(rows), len(rows), slots))
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    joined = pa.concat_arrays(parts) if parts else pa.array([], pa.string())
    return joined.take(pa.array(back))


def _render_group(text: str, rows: pa.Array, n: int, slots: Mapping[str, pa.Array]) -> pa.Array:
    pieces = _SLOT.split(text)
    if len(pieces) == 1:
        return pa.repeat(pa.scalar(text, pa.string()), n)
    columns = [piece if at % 2 == 0 else slots[piece].take(rows) for at, piece in enumerate(pieces)]
    return pc.binary_join_element_wise(*columns, "")


def coded_words(table: Sequence[str] | pa.Array, at: Ints) -> pa.Array:
    """`words_at` as numbers that point into the table: a draft keeps a long text once, however many rows say it."""
    words = table if isinstance(table, pa.Array) else pa.array(list(table), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(at, pa.int32()), words)


def words_at(table: Sequence[str], at: Ints) -> pa.Array:
    """`table[at[i]]` for every row."""
    return pa.array(list(table), pa.string()).take(pa.array(at))
