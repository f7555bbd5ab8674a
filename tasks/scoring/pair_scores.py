"""Scores given by the names of queries and gallery members, in any order, put where a benchmark's trials need them.

A score that no row gave is missed when its block is asked for; a pair that the benchmark does not have, a pair given
twice and a value that is not finite are refused as they come.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import BadScores
from tasks.scoring.benchmark import Benchmark, Trial
from tasks.scoring.metrics import Blocks

Numbers = npt.NDArray[np.floating]
_Named = Callable[[int], tuple[str, str]]


class _Matrix:
    """Scores of some queries and gallery members by name; NaN where none was given."""

    def __init__(self, queries: Sequence[str], gallery: Sequence[str], kind: type[np.floating]) -> None:
        self.queries, self.gallery = (pa.array(list(dict.fromkeys(side)), pa.string()) for side in (queries, gallery))
        self.values: Numbers = np.full((len(self.queries), len(self.gallery)), np.nan, dtype=kind)


class PairScores:
    """Scores by name for a benchmark; `by_trial` says that they differ by trial."""

    def __init__(self, label: str, benchmark: Benchmark, by_trial: bool, kind: type[np.floating], most: int) -> None:
        self.label, self.benchmark, self.by_trial = label, benchmark, by_trial
        groups = [[trial] for trial in benchmark.trials] if by_trial else [list(benchmark.trials)]
        sizes = [tuple(_several(group, side) for side in ("query_ids", "gallery_ids")) for group in groups]
        self.total = sum(len(set(query)) * len(set(gallery)) for query, gallery in sizes)
        if self.total > most:
            raise BadScores(
                f"The protocol {benchmark.protocol_id!r} has {self.total:,} pairs, more than the {most:,} that are "
                "held in memory: give a .npy matrix, which is read from disk as it is needed."
            )
        self._matrices = [_Matrix(query, gallery, kind) for query, gallery in sizes]

    def expect(self, rows: int) -> None:
        """Refuse more scores than there are pairs, before any is read."""
        if rows > self.total:
            raise BadScores(
                f"{self.label!r} gives {rows:,} scores, but {self.benchmark.protocol_id!r} has {self.total:,} pairs: "
                "give each pair once."
            )

    def put(self, trial: int | None, query: pa.Array, gallery: pa.Array, values: Numbers) -> None:
        """Scores of pairs. Raises BadScores for a name the benchmark does not know, a second score, and NaN."""
        matrix = self._matrices[trial or 0]
        rows, columns = self._places(query, matrix.queries, "query"), self._places(gallery, matrix.gallery, "gallery")
        self._check_finite(values, lambda place: (query[place].as_py(), gallery[place].as_py()))
        taken = ~np.isnan(matrix.values[rows, columns])
        once = np.unique(rows * len(matrix.gallery) + columns, return_index=True)[1]
        if taken.any() or len(once) < len(rows):
            place = int(np.argmax(taken)) if taken.any() else int(np.setdiff1d(np.arange(len(rows)), once)[0])
            pair = f"{query[place].as_py()!r} and {gallery[place].as_py()!r}"
            raise BadScores(f"{self.label!r} gives the pair {pair} twice: give each pair once.")
        matrix.values[rows, columns] = values

    def put_rows(self, query: pa.Array, gallery: pa.Array, values: Numbers) -> None:
        """Scores of whole rows, a column per gallery name. Raises BadScores as `put` does."""
        matrix = self._matrices[0]
        rows, columns = self._places(query, matrix.queries, "query"), self._places(gallery, matrix.gallery, "gallery")
        self._check_finite(
            values.reshape(-1),
            lambda place: (query[place // len(gallery)].as_py(), gallery[place % len(gallery)].as_py()),
        )
        taken = ~np.isnan(matrix.values[rows]).all(axis=1)
        again = np.setdiff1d(np.arange(len(rows)), np.unique(rows, return_index=True)[1])
        if taken.any() or len(again):
            name = query[int(np.argmax(taken)) if taken.any() else int(again[0])].as_py()
            raise BadScores(f"{self.label!r} gives the query {name!r} twice: give each query one row.")
        matrix.values[np.ix_(rows, columns)] = values

    def _places(self, names: pa.Array, known: pa.Array, role: str) -> npt.NDArray[np.int64]:
        found = pc.index_in(names, value_set=known)
        if found.null_count:
            name = pc.filter(names, pc.is_null(found))[0].as_py()
            raise BadScores(
                f"{self.label!r} names {name!r}, which is no {role} member of {self.benchmark.protocol_id!r}: names "
                "are those of the table protocol_members."
            )
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)

    def _check_finite(self, values: Numbers, pair: _Named) -> None:
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            query, gallery = pair(int(bad[0]))
            raise BadScores(
                f"The score of {query!r} and {gallery!r} in {self.label!r} is {float(values[bad[0]])!r}: every score "
                "must be a finite number, so score that pair or give it the lowest score on purpose."
            )

    def scores(self, trial: Trial) -> Blocks:
        """The scores of a trial in blocks. Raises BadScores for a pair that no row gave."""
        matrix = self._matrices[trial.number if self.by_trial else 0]
        rows = self._places(pa.array(trial.query_ids, pa.string()), matrix.queries, "query")
        columns = self._places(pa.array(trial.gallery_ids, pa.string()), matrix.gallery, "gallery")
        in_order = np.array_equal(columns, np.arange(matrix.values.shape[1]))

        def blocks(start: int, stop: int) -> Numbers:
            asked = matrix.values[rows[start:stop]]
            found = asked if in_order else asked[:, columns]
            if np.isnan(found).any():
                row, column = np.argwhere(np.isnan(found))[0]
                raise BadScores(
                    f"{self.label!r} has no score for {trial.query_ids[start + row]!r} and "
                    f"{trial.gallery_ids[column]!r}: every pair of the protocol needs one."
                )
            return found

        return blocks


def _several(trials: Sequence[Trial], side: str) -> list[str]:
    return [name for trial in trials for name in getattr(trial, side)]
