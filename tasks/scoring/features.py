"""Features given by name, compared by cosine: what anybody's model makes of images and captions.

Names that the benchmark does not need are passed over, for people write the features of a whole dataset.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadScores
from tasks.scoring.benchmark import Benchmark, Trial
from tasks.scoring.metrics import Blocks

Numbers = npt.NDArray[np.floating]


def unit(features: Numbers, names: Sequence[str], label: str) -> npt.NDArray[np.float32]:
    """Rows of length 1. Raises BadScores for a feature that is not finite or has no direction."""
    rows = np.array(features, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    bad = np.flatnonzero(~np.isfinite(length) | (length == 0))
    if len(bad):
        why = "all zero, so it has no direction" if length[bad[0]] == 0 else "not all finite numbers"
        raise BadScores(f"The feature of {names[int(bad[0])]!r} in {label!r} is {why}: compute it again.")
    return np.asarray(rows / length[:, None].astype(np.float32), dtype=np.float32)


class Features:
    """Features by name for a benchmark; `by_trial` says that they differ by trial (one model each)."""

    def __init__(self, label: str, benchmark: Benchmark, by_trial: bool, most: int) -> None:
        self.label, self.benchmark, self.by_trial, self.most = label, benchmark, by_trial, most
        groups = [[trial] for trial in benchmark.trials] if by_trial else [list(benchmark.trials)]
        self._needed = [pa.array(_names(group), pa.string()) for group in groups]
        self._rows: list[npt.NDArray[np.float32]] = []
        self._given = [np.zeros(len(names), dtype=bool) for names in self._needed]

    def put(self, trial: int | None, names: pa.Array, lists: pa.Array) -> None:
        """Features of some names. Raises BadScores for lists of other lengths, empty places and second features."""
        group = trial or 0
        places = pc.index_in(names, value_set=self._needed[group])
        wanted = pc.is_valid(places)
        if not len(names) or not pc.any(wanted).as_py():
            return
        names = names.filter(wanted)
        at = np.asarray(places.filter(wanted).to_numpy(zero_copy_only=False), dtype=np.int64)
        rows = unit(self._matrix(lists.filter(wanted)), names.to_pylist(), self.label)
        again = np.flatnonzero(self._given[group][at])
        once = np.unique(at, return_index=True)[1]
        if len(again) or len(once) < len(at):
            place = int(again[0]) if len(again) else int(np.setdiff1d(np.arange(len(at)), once)[0])
            raise BadScores(f"{self.label!r} gives {names[place].as_py()!r} two features: give each image one.")
        self._rows_of(group, rows.shape[1])[at] = rows
        self._given[group][at] = True

    def _matrix(self, lists: pa.Array) -> Numbers:
        """Lists of one length as rows."""
        kind = lists.type
        if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
            raise BadScores(f"The column 'feature' of {self.label!r} holds {kind}, where lists of numbers are needed.")
        sizes = pc.unique(pc.list_value_length(lists)).to_pylist()
        values = lists.flatten()
        number = pa.types.is_floating(values.type) or pa.types.is_integer(values.type)
        if len(sizes) != 1 or not sizes[0] or values.null_count or not number:
            raise BadScores(
                f"The features in {self.label!r} are not lists of numbers of one length (lengths: "
                f"{', '.join(str(size) for size in sizes[:5])}): give every image as many numbers, none empty."
            )
        return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(lists), sizes[0])

    def _rows_of(self, group: int, width: int) -> npt.NDArray[np.float32]:
        if not self._rows:
            total = sum(len(names) for names in self._needed)
            if total * width > self.most:
                raise BadScores(
                    f"{self.label!r} would need {total:,} x {width:,} numbers in memory, more than {self.most:,}: give "
                    "a score matrix as .npy, which is read from disk as it is needed."
                )
            self._rows = [np.zeros((len(names), width), dtype=np.float32) for names in self._needed]
        if self._rows[group].shape[1] != width:
            raise BadScores(
                f"The features in {self.label!r} have {self._rows[group].shape[1]} and {width} components: give every "
                "image as many numbers."
            )
        return self._rows[group]

    def scores(self, trial: Trial) -> Blocks:
        """Cosines of a trial in blocks. Raises BadScores for a member without a feature."""
        group = trial.number if self.by_trial else 0
        parts = [self._of(group, side) for side in (_flat(trial.query_parts), list(trial.gallery_ids))]
        owner = np.repeat(np.arange(len(trial.query_parts)), [len(ids) for ids in trial.query_parts])
        asked = np.zeros((len(trial.query_parts), parts[1].shape[1]), dtype=np.float32)
        np.add.at(asked, owner, parts[0])
        asked /= np.maximum(np.bincount(owner, minlength=len(asked)), 1)[:, None].astype(np.float32)
        stored = parts[1]
        return lambda start, stop: asked[start:stop] @ stored.T

    def _of(self, group: int, names: list[str]) -> npt.NDArray[np.float32]:
        at = pc.index_in(pa.array(names, pa.string()), value_set=self._needed[group]).to_numpy(zero_copy_only=False)
        lost = np.flatnonzero(~self._given[group][at])
        if len(lost):
            raise BadScores(
                f"{self.label!r} has no feature for {names[int(lost[0])]!r}: {len(lost)} of {len(names)} members of "
                f"{self.benchmark.protocol_id!r} are missing there."
            )
        return np.asarray(self._rows[group][at], dtype=np.float32)


def _names(trials: Sequence[Trial]) -> list[str]:
    """Every name that some trials need, once."""
    return list(dict.fromkeys(name for t in trials for name in (*_flat(t.query_parts), *t.gallery_ids)))


def _flat(parts: Sequence[Sequence[str]]) -> list[str]:
    return [name for ids in parts for name in ids]
