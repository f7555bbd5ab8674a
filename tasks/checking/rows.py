"""Conversations as flat columns: what the gates count over, without a Python object per row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Staged
from tasks.contracts.paths import cells

Texts = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Facts:
    """One value per conversation; gold_bool is -1 and gold_index -1 where the answer has none."""

    sample_id: Texts
    family: Texts
    subtask: Texts
    split: Texts
    kind: Texts
    text: Texts
    gold_bool: Ints
    gold_index: Ints
    n_options: Ints

    def __len__(self) -> int:
        return len(self.sample_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """One value per shown image, in row order: `row` it stands in, `number` from 1, and its columns."""

    row: Ints
    number: Ints
    table: pa.Table

    def texts(self, name: str) -> Texts:
        """A text column; None where it is null."""
        return texts(self.table.column(name))

    def numbers(self, name: str, missing: int = -1) -> Ints:
        """A number column."""
        return numbers(self.table.column(name), missing)


def facts(staged: Staged) -> Facts:
    """The flat facts of every conversation, in table order."""
    table = staged.table("conversations", ["sample_id", "family", "subtask", "split", "answer"])
    answer = {name: cells(table, f"answer.{name}").values for name in ("kind", "text", "gold_bool", "gold_index")}
    return Facts(
        sample_id=texts(table.column("sample_id")),
        family=texts(table.column("family")),
        subtask=texts(table.column("subtask")),
        split=texts(table.column("split")),
        kind=texts(answer["kind"]),
        text=texts(answer["text"]),
        gold_bool=numbers(answer["gold_bool"].cast(pa.int8()), -1),
        gold_index=numbers(answer["gold_index"], -1),
        n_options=numbers(cells(table, "answer.n_options").values, 0),
    )


def shown(staged: Staged) -> Shown:
    """Every shown image of every conversation."""
    images = cells(staged.table("conversations", ["images"]), "images[]")
    row = np.asarray(images.rows.to_numpy(), dtype=np.int64)
    first = np.searchsorted(row, row)
    columns = images.values.flatten()
    names = [images.values.type.field(place).name for place in range(images.values.type.num_fields)]
    return Shown(row, np.arange(len(row)) - first + 1, pa.table(columns, names=names))


def texts(column: pa.Array | pa.ChunkedArray) -> Texts:
    """A string column as objects; None where it is null."""
    return np.asarray(column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy())


def numbers(column: pa.Array | pa.ChunkedArray, missing: int) -> Ints:
    """A number column as int64, with a stand-in for null."""
    filled = pc.fill_null(column.cast(pa.int64()), missing)
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def codes(values: Texts) -> Ints:
    """Equal texts as equal numbers 0..n-1; None is a text of its own."""
    encoded = pa.array(values, pa.string()).fill_null("\0").dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
