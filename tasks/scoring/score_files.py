"""Anybody's scores or features for a benchmark, read from files: no model is needed.

    scores = read_scores(Path("scores.parquet"), benchmark)       # give `scores` to tasks.scoring.findings.run

- `.npy`: a score matrix, queries by gallery in protocol order; (trials, queries, gallery) for several trials. It is
  read from disk as it is needed, so it may be larger than memory.
- Parquet with `query_id`, `gallery_id`, `score` (any order), or with `query_id` and one column per gallery id.
- Parquet with `image_id` and `feature` (lists of one length; the ids of captions too), compared by cosine.
- a folder with `query.npy` and `gallery.npy`, features in protocol order, (members, d) or (trials, members, d).

A query of several parts is called by its ids joined with " + "; of parts with features of their own, the mean of the
unit vectors asks. Scores or features that differ by trial (RegDB: one model each) have a column `trial` too.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import BadScores
from tasks.scoring.benchmark import Benchmark, Trial
from tasks.scoring.features import Features, unit
from tasks.scoring.metrics import Blocks
from tasks.scoring.pair_scores import PairScores

TrialScores = Callable[[Trial], Blocks]
Numbers = npt.NDArray[np.floating]

MOST_NUMBERS = 1 << 29
"""The most scores or feature components that are held in memory at once."""
_BATCH = 1 << 16
_AT_ONCE = 1 << 24
"""Rows of pairs, and numbers of a wide table, that are read at a time."""


def read_scores(path: Path, benchmark: Benchmark) -> TrialScores:
    """The scores of every trial from a file or folder. Raises BadScores, here or when a block is asked for."""
    if path.is_dir():
        return _feature_folder(path, benchmark)
    if _is_parquet(path):
        return _parquet(path, benchmark)
    stored = _matrices(path, benchmark)
    return lambda trial: lambda start, stop: stored[trial.number, start:stop]


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _array(path: Path) -> Numbers:
    """A .npy file of numbers, on disk; never a pickle."""
    try:
        stored: Numbers = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else "it is not a .npy file of numbers"
        raise BadScores(
            f"The scores {str(path)!r} cannot be read: {why}; write them with numpy.save, or as Parquet."
        ) from error
    return stored


def _matrices(path: Path, benchmark: Benchmark) -> Numbers:
    """A score matrix, (trials, queries, gallery)."""
    stored = _array(path)
    shapes = {(len(trial.query_ids), len(trial.gallery_ids)) for trial in benchmark.trials}
    if len(shapes) > 1:
        raise BadScores(
            f"The trials of {benchmark.protocol_id!r} have different sizes, which no matrix can hold: give Parquet "
            "with the columns trial, query_id, gallery_id and score."
        )
    return _in_trials(path, stored, benchmark, shapes.pop())


def _in_trials(path: Path, stored: Numbers, benchmark: Benchmark, shape: tuple[int, ...]) -> Numbers:
    several = (len(benchmark.trials),) if len(benchmark.trials) > 1 else ()
    wanted = (*several, *shape)
    if stored.shape != wanted:
        raise BadScores(
            f"The scores {str(path)!r} have the shape {stored.shape}, but {benchmark.protocol_id!r} needs {wanted}: "
            f"{'trials, ' if several else ''}queries, gallery, each in protocol order."
        )
    return stored.reshape((len(benchmark.trials), *shape))


def _feature_folder(path: Path, benchmark: Benchmark) -> TrialScores:
    query, gallery = _array(path / "query.npy"), _array(path / "gallery.npy")
    for name, stored in (("query", query), ("gallery", gallery)):
        if stored.ndim not in (2, 3) or stored.dtype.kind not in "fiu":
            raise BadScores(
                f"The features {str(path / f'{name}.npy')!r} are {stored.dtype} of shape {stored.shape}: they must be "
                "real numbers of shape (members, d), or (trials, members, d)."
            )
    if query.shape[-1] != gallery.shape[-1]:
        raise BadScores(
            f"The features in {str(path)!r} cannot be compared: those of queries have {query.shape[-1]} components, "
            f"those of the gallery {gallery.shape[-1]}."
        )

    def scores(trial: Trial) -> Blocks:
        asked = _of_trial(path / "query.npy", query, benchmark, trial.number, trial.query_ids)
        there = _of_trial(path / "gallery.npy", gallery, benchmark, trial.number, trial.gallery_ids)
        return lambda start, stop: asked[start:stop] @ there.T

    return scores


def _of_trial(path: Path, stored: Numbers, benchmark: Benchmark, trial: int, ids: Sequence[str]) -> Numbers:
    """The unit features of one side of a trial."""
    n_trials = len(benchmark.trials)
    wanted = (len(ids), stored.shape[-1])
    if stored.shape not in (wanted, (n_trials, *wanted)):
        raise BadScores(
            f"The features {str(path)!r} have the shape {stored.shape}, but trial {trial} of {benchmark.protocol_id!r} "
            f"has {len(ids)} members there: give {wanted}{f' or {(n_trials, *wanted)}' if n_trials > 1 else ''}."
        )
    part = stored if stored.ndim == 2 else stored[trial]
    _check_size(path, part.shape[0], part.shape[1])
    return unit(np.asarray(part), ids, str(path))


def _check_size(path: Path, rows: int, columns: int) -> None:
    if rows * columns > MOST_NUMBERS:
        raise BadScores(
            f"{str(path)!r} would need {rows:,} x {columns:,} numbers in memory, more than {MOST_NUMBERS:,}: give a "
            "score matrix as .npy, which is read from disk as it is needed."
        )


def _parquet(path: Path, benchmark: Benchmark) -> TrialScores:
    try:
        file = pq.ParquetFile(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise BadScores(f"The scores {str(path)!r} cannot be read: it is not a whole Parquet file.") from error
    with file:
        names = file.schema_arrow.names
        try:
            if {"query_id", "gallery_id", "score"} <= set(names):
                return _pairs(path, file, benchmark).scores
            if "feature" in names and "image_id" in names:
                return _features(path, file, benchmark).scores
            if "query_id" in names:
                return _wide(path, file, benchmark).scores
        except (OSError, pa.ArrowException) as error:
            why = " ".join(str(error).split())[:200]
            raise BadScores(f"The scores {str(path)!r} cannot be read to their end: {why}") from error
    raise BadScores(
        f"The scores {str(path)!r} have the columns {', '.join(names[:8])}: they need query_id, gallery_id and score; "
        "or query_id and a column per gallery id; or image_id and feature."
    )


def _batches(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(batch_size=_BATCH, columns=list(columns))


def _typed(path: Path, batch: pa.RecordBatch, place: str | int, kind: pa.DataType) -> pa.Array:
    """One column, by name or number, as another type. Raises BadScores for nulls and for values that do not fit."""
    try:
        column = batch.column(place).cast(kind)
    except (pa.ArrowException, ValueError) as error:
        raise BadScores(
            f"The column {batch.schema.field(place).name!r} of {str(path)!r} holds {batch.schema.field(place).type} "
            f"values, where {kind} values are needed."
        ) from error
    if column.null_count:
        name = batch.schema.field(place).name
        raise BadScores(f"The column {name!r} of {str(path)!r} has {column.null_count} empty places: give every value.")
    return column


def _trials(path: Path, batch: pa.RecordBatch, benchmark: Benchmark) -> Iterator[tuple[int | None, pa.RecordBatch]]:
    """A batch by trial; all of it under None when it has no such column."""
    if "trial" not in batch.schema.names:
        yield None, batch
        return
    column = _typed(path, batch, "trial", pa.int64())
    for number in pc.unique(column).to_pylist():
        if number not in range(len(benchmark.trials)):
            raise BadScores(
                f"{str(path)!r} speaks of trial {number}, but {benchmark.protocol_id!r} has the trials 0 to "
                f"{len(benchmark.trials) - 1}."
            )
        yield number, batch.filter(pc.equal(column, number))


def _pairs(path: Path, file: pq.ParquetFile, benchmark: Benchmark) -> PairScores:
    by_trial = "trial" in file.schema_arrow.names
    found = PairScores(str(path), benchmark, by_trial, _score_type(file, ["score"]), MOST_NUMBERS)
    found.expect(file.metadata.num_rows)
    columns = ["query_id", "gallery_id", "score", *(["trial"] if by_trial else [])]
    for whole in _batches(file, columns):
        for trial, batch in _trials(path, whole, benchmark):
            query, gallery = (_typed(path, batch, name, pa.string()) for name in ("query_id", "gallery_id"))
            values = _typed(path, batch, "score", pa.float64()).to_numpy()
            found.put(trial, query, gallery, values)
    return found


def _wide(path: Path, file: pq.ParquetFile, benchmark: Benchmark) -> PairScores:
    names = [name for name in file.schema_arrow.names if name != "query_id"]
    found = PairScores(str(path), benchmark, False, _score_type(file, names), MOST_NUMBERS)
    found.expect(file.metadata.num_rows * len(names))
    gallery = pa.array(names, pa.string())
    for batch in file.iter_batches(batch_size=max(64, _AT_ONCE // max(len(names), 1))):
        values = np.empty((batch.num_rows, len(names)), dtype=np.float64)
        places = [place for place, name in enumerate(batch.schema.names) if name != "query_id"]
        for column, place in enumerate(places):
            values[:, column] = _typed(path, batch, place, pa.float64()).to_numpy()
        found.put_rows(_typed(path, batch, "query_id", pa.string()), gallery, values)
    return found


def _score_type(file: pq.ParquetFile, names: Sequence[str]) -> type[np.floating]:
    """float32 when nothing is lost by it: a narrower type would make ties."""
    narrow = (pa.float16(), pa.float32(), pa.int8(), pa.int16(), pa.uint8(), pa.uint16())
    wanted = set(names)
    kinds = {field.type for field in file.schema_arrow if field.name in wanted}
    return np.float32 if kinds <= set(narrow) else np.float64


def _features(path: Path, file: pq.ParquetFile, benchmark: Benchmark) -> Features:
    by_trial = "trial" in file.schema_arrow.names
    found = Features(str(path), benchmark, by_trial, MOST_NUMBERS)
    columns = ["image_id", "feature", *(["trial"] if by_trial else [])]
    for whole in _batches(file, columns):
        for trial, batch in _trials(path, whole, benchmark):
            found.put(trial, _typed(path, batch, "image_id", pa.string()), batch.column("feature"))
    return found
