"""Numbering the distinct values of an array of many values of which few differ, such as codes and masks of pictures."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Whole = TypeVar("Whole", bound=np.integer[Any])


def numbered(values: npt.NDArray[Whole]) -> tuple[npt.NDArray[Whole], npt.NDArray[np.int64]]:
    """The distinct values in order, and for each value where it stands among them.

    It gives what `numpy.unique(values, return_inverse=True)` gives, by a hash table instead of sorting: about seven
    times faster where few of 250,000 values differ, and half as fast where all do.
    """
    coded = pa.array(values).dictionary_encode()
    distinct = coded.dictionary.to_numpy()
    turn = np.argsort(distinct)
    place = np.empty(len(turn), dtype=np.int64)
    place[turn] = np.arange(len(turn))
    return distinct[turn], place[coded.indices.to_numpy()]
