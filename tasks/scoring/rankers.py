"""How a scorer serves a benchmark: vectors made once per image, inner products in blocks, yes/no on the first few.

Each ranker gives the scores of a trial in blocks of queries, or says in a sentence why it cannot serve a benchmark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tasks.scoring.benchmark import Benchmark, Lookup, Trial
from tasks.scoring.members import Ints
from tasks.scoring.metrics import Blocks, Floats
from tasks.scoring.rerank import reranked
from tasks.scoring.scorer import PAIR_KINDS, Pair, Scorer, Vectors, YesNo
from tasks.versions.reader import VersionFolder

_BATCH = 256


class Ranker(Protocol):
    """One way to score the galleries of a benchmark."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    def cannot(self, benchmark: Benchmark) -> str | None:
        """Why it cannot serve a benchmark, or None."""
        ...

    def scores(self, benchmark: Benchmark, trial: Trial) -> Blocks:
        """The scores of a trial."""
        ...


@dataclass(slots=True)
class ByVectors:
    """Ranks by the inner product of a scorer's vectors; an image or text is embedded once, however often it is used."""

    name: str
    scorer: Scorer
    version: VersionFolder
    lookup: Lookup
    _vectors: dict[str, Vectors] = field(default_factory=dict)

    def cannot(self, benchmark: Benchmark) -> str | None:
        """Captions need a text side; of several pictures the mean vector asks, as in multi-query runs."""
        if benchmark.combined and any(self.lookup.shown(ids) != list(ids) for ids in _parts(benchmark)):
            return _COMBINED
        if benchmark.by_text and self.scorer.embed_texts([_PROBE]) is None:
            return "captions ask, and this scorer has no text side"
        return None

    def scores(self, benchmark: Benchmark, trial: Trial) -> Blocks:
        """Inner products in blocks."""
        asked = self._texts(trial.query_ids) if benchmark.by_text else self._asked(trial)
        stored = self._images(trial.gallery_ids)
        return lambda start, stop: asked[start:stop] @ stored.T

    def _asked(self, trial: Trial) -> Vectors:
        """The vector of every query: of several pictures the mean."""
        sizes = np.array([len(ids) for ids in trial.query_parts])
        vectors = self._images([name for ids in trial.query_parts for name in ids])
        if (sizes == 1).all():
            return vectors
        first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return np.asarray(np.add.reduceat(vectors, first, axis=0) / sizes[:, None], dtype=np.float32)

    def _images(self, image_ids: Sequence[str]) -> Vectors:
        missing = [name for name in dict.fromkeys(image_ids) if name not in self._vectors]
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            rows = self.scorer.embed_images(self.version.image_bytes(part), self.lookup.modality(part))
            self._vectors.update(zip(part, rows, strict=True))
        return np.stack([self._vectors[name] for name in image_ids])

    def _texts(self, caption_ids: Sequence[str]) -> Vectors:
        missing = [name for name in dict.fromkeys(caption_ids) if name not in self._vectors]
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            rows = self.scorer.embed_texts(self.lookup.texts(part))
            self._vectors.update(zip(part, () if rows is None else rows, strict=True))
        return np.stack([self._vectors[name] for name in caption_ids])


_PROBE = "A person."
_COMBINED = "its queries combine several things, which no scorer serves"


def _parts(benchmark: Benchmark) -> list[Sequence[str]]:
    return [ids for trial in benchmark.trials for ids in trial.query_parts]


@dataclass(frozen=True, slots=True)
class ByYesNo:
    """Ranks by another ranker and puts its first candidates in order with yes/no answers about pairs."""

    name: str
    first: Ranker
    answers: YesNo
    top: int
    version: VersionFolder
    lookup: Lookup

    def cannot(self, benchmark: Benchmark) -> str | None:
        """What the first ranker cannot serve, or a setting nobody words questions for."""
        if benchmark.combined:
            return _COMBINED
        if benchmark.setting not in PAIR_KINDS:
            return f"no yes/no question is worded for the setting {benchmark.setting!r}"
        return self.first.cannot(benchmark)

    def scores(self, benchmark: Benchmark, trial: Trial) -> Blocks:
        """The first ranker's scores, their best candidates reordered."""

        def yes(rows: Ints, columns: Ints) -> Floats:
            return self.answers.yes_probability(self._pairs(benchmark, trial, rows, columns))

        return reranked(self.first.scores(benchmark, trial), yes, self.top)

    def _pairs(self, benchmark: Benchmark, trial: Trial, rows: Ints, columns: Ints) -> list[Pair]:
        asked = [trial.query_ids[row] for row in rows.tolist()]
        stored = self.version.image_bytes([trial.gallery_ids[column] for column in columns.tolist()])
        kind = PAIR_KINDS[benchmark.setting]
        if benchmark.by_text:
            return [Pair(kind, *both) for both in zip(self.lookup.texts(asked), stored, strict=True)]
        return [Pair(kind, *both) for both in zip(self.version.image_bytes(asked), stored, strict=True)]
