"""Two tables of one kind, matched by key: what is only in one of them, and which rows of both differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Matched:
    """`old` and `new` hold the rows with a key in both, in one order; the keys of the others are listed, sorted."""

    added: list[str]
    removed: list[str]
    old: pa.Table
    new: pa.Table

    def where(self, columns: Sequence[str]) -> npt.NDArray[np.int64]:
        """The rows of which any of these flat columns differs; two nulls are equal."""
        differs = np.zeros(self.old.num_rows, dtype=np.bool_)
        for name in columns:
            differs |= _differs(self.old.column(name), self.new.column(name))
        return np.flatnonzero(differs)


def match(old: pa.Table, new: pa.Table, key: str) -> Matched:
    """Match the rows of two tables by a column whose values are unique in each."""
    old_keys, new_keys = old.column(key).combine_chunks(), new.column(key).combine_chunks()
    in_old = pc.index_in(new_keys, value_set=old_keys)
    in_new = pc.is_in(old_keys, value_set=new_keys)
    both = pc.is_valid(in_old)
    return Matched(
        added=sorted(new_keys.filter(pc.invert(both)).to_pylist()),
        removed=sorted(old_keys.filter(pc.invert(in_new)).to_pylist()),
        old=old.take(in_old.filter(both)),
        new=new.filter(both),
    )


def _differs(old: pa.ChunkedArray, new: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    unequal = pc.fill_null(pc.not_equal(old, new), False)
    one_null = pc.xor(pc.is_null(old), pc.is_null(new))
    return np.asarray(pc.or_(unequal, one_null).to_numpy(zero_copy_only=False), dtype=np.bool_)


def joined(column: pa.ChunkedArray, child: str, separator: str) -> pa.Array:
    """A list<struct> column as one string per row: the values of a string child, joined."""
    lists = column.combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks)
    values = pc.struct_field(lists.flatten(), child)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, values), separator)
