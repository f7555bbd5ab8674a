"""Evaluate a checkpoint, and the baselines, under the benchmarks of a version; or anybody's own score matrix.

    folder = evaluate(Path("versions/hpt"), Path("run/checkpoint"), Evaluate(), Path("run/evaluation"))

results.parquet (table `results`) has a row per metric, curves.json {protocol: {scorer: CMC at ranks 1 to 20}}, and
summary.json, written last, all of it in words for people and scripts. Nothing in them tells when or where it was run.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from schemas.discovery import find_all
from schemas.errors import BadScores, NotWritable, UnknownName, UnknownVersion, WrongUse
from schemas.keys import canonical_json, digest, file_sha256
from schemas.recipe import Evaluate
from schemas.tables import RESULTS
from tasks.scoring.benchmark import Benchmark, Lookup, load_benchmarks
from tasks.scoring.colour_histogram import ColourHistogram
from tasks.scoring.findings import Findings, chances_of, run
from tasks.scoring.rankers import ByVectors, ByYesNo, Ranker
from tasks.scoring.score_files import read_scores
from tasks.scoring.scorer import Model
from tasks.versions.reader import VersionFolder
from tasks.versions.writer import from_rows, write

SCORERS = ("colour_histogram", "embedding", "embedding_yesno")

_EMPTY = "it has no queries or no gallery in this version"
_Chances = Callable[[], list[dict[str, float]]]

OnProgress = Callable[[int, int, str], None]


def _silent(done: int, total: int, note: str) -> None:
    """Report nothing."""


def evaluate(
    version: Path, checkpoint: Path | None, settings: Evaluate, out: Path, on_progress: OnProgress | None = None
) -> Path:
    """Run the benchmarks of a version with every scorer that can serve them; returns the folder `out`.

    Without a checkpoint only the baselines are run. Raises UnknownVersion, UnknownName for a scorer or protocol, and
    NotWritable. What cannot be served is listed in summary.json with its reason.
    """
    folder = VersionFolder(version)
    model = _load(checkpoint) if checkpoint else None
    job = Run(folder, _identity(folder, checkpoint, settings), settings, model, on_progress or _silent)
    job.work()
    with _replacing(out) as draft:
        write(RESULTS, from_rows(RESULTS, job.rows), draft / "results.parquet")
        (draft / "curves.json").write_bytes(canonical_json(job.curves))
        (draft / "summary.json").write_bytes(canonical_json(job.summary()))
    return out


def _load(checkpoint: Path) -> Model:
    """The trained model; its room brings torch, so it is imported only here."""
    if not checkpoint.is_dir():
        raise WrongUse(f"There is no checkpoint folder {str(checkpoint)!r}: train first, or leave it out.")
    from tasks.training.model import load

    model: Model = load(checkpoint)
    return model


def _identity(version: VersionFolder, checkpoint: Path | None, settings: Evaluate) -> dict[str, str | None]:
    """What a run is a run of: the digests of version and checkpoint, and the run id made of them and the settings."""
    manifest = version.folder / "manifest.json"
    if not manifest.is_file():
        raise UnknownVersion(
            f"The folder {str(version.folder)!r} has no manifest.json: results must name a published version."
        )
    known = {"version": file_sha256(manifest), "checkpoint": _folder_digest(checkpoint) if checkpoint else None}
    return {**known, "run_id": digest({**known, "settings": settings.model_dump(mode="json")})[:24]}


def _folder_digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest({path.relative_to(folder).as_posix(): file_sha256(path) for path in files})


@dataclass(slots=True)
class Run:
    """One evaluation: what is run with which model, and what was found so far."""

    version: VersionFolder
    identity: dict[str, str | None]
    settings: Evaluate
    model: Model | None
    on_progress: OnProgress
    rows: list[dict[str, Any]] = field(default_factory=list)
    curves: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def work(self) -> None:
        """Every benchmark with every ranker, then the held-out questions."""
        benchmarks = list(self._benchmarks())
        rankers = self._rankers()
        total = len(benchmarks) * len(rankers) + 1
        for place, benchmark in enumerate(benchmarks):
            chances = cache(partial(chances_of, benchmark))
            for step, ranker in enumerate(rankers):
                self.on_progress(place * len(rankers) + step, total, f"{benchmark.protocol_id} by {ranker.name}")
                self._one(benchmark, ranker, chances)
        self.on_progress(total - 1, total, "held-out questions")
        if self.model and self.version.has("conversations"):
            self.questions = [dict(row) for row in self.model.question_accuracy(self.version)]
        self.on_progress(total, total, "done")

    def _benchmarks(self) -> Iterator[Benchmark]:
        """The benchmarks that were asked for by name, or every one that is run by default."""
        named_only = frozenset() if self.settings.protocols else only_by_name()
        for benchmark in load_benchmarks(self.version, self.settings.protocols):
            if benchmark.protocol_id not in named_only:
                yield benchmark
            else:
                self._leave_out(benchmark.protocol_id, "every scorer", "it is run only when it is asked for by name")

    def _rankers(self) -> list[Ranker]:
        """The asked scorers in order; those that need a model are left out, with a word, when there is none."""
        for name in self.settings.scorers:
            if name not in SCORERS:
                raise UnknownName.of("scorer", name, SCORERS)
        lookup = Lookup(self.version)
        rankers: dict[str, Ranker] = {
            "colour_histogram": ByVectors("colour_histogram", ColourHistogram(), self.version, lookup)
        }
        if self.model:
            first = ByVectors("embedding", self.model, self.version, lookup)
            top = self.settings.rerank_top
            rankers["embedding"] = first
            rankers["embedding_yesno"] = ByYesNo("embedding_yesno", first, self.model, top, self.version, lookup)
        for name in self.settings.scorers:
            if name not in rankers:
                self._leave_out("every protocol", name, "it needs a checkpoint, and none was given")
        return [rankers[name] for name in self.settings.scorers if name in rankers]

    def _leave_out(self, protocol: str, scorer: str, reason: str) -> None:
        self.left_out.append({"protocol": protocol, "scorer": scorer, "reason": reason})

    def _one(self, benchmark: Benchmark, ranker: Ranker, chances: _Chances) -> None:
        """One ranker under one benchmark."""
        reason = _EMPTY if _is_empty(benchmark) else ranker.cannot(benchmark)
        result = None if reason else run(benchmark, lambda trial: ranker.scores(benchmark, trial), chances())
        if result is None:
            self._leave_out(benchmark.protocol_id, ranker.name, reason or "no query has a right image in the gallery")
            return
        self.rows += result.rows(self._common(benchmark, ranker.name))
        self.curves.setdefault(benchmark.protocol_id, {})[ranker.name] = result.curve
        self.found.setdefault(benchmark.protocol_id, {})[ranker.name] = result.summary()

    def _common(self, benchmark: Benchmark, scorer: str) -> dict[str, Any]:
        return {
            "run_id": self.identity["run_id"],
            "protocol_id": benchmark.protocol_id,
            "scorer": scorer,
            "ap_variant": ap_words(benchmark),
            "tie_policy": benchmark.rules.tie_policy,
            "version_digest": self.identity["version"],
        }

    def summary(self) -> dict[str, Any]:
        """Everything found and everything left out."""
        return {
            **self.identity,
            "settings": self.settings.model_dump(mode="json"),
            "protocols": self.found,
            "left_out": self.left_out,
            "questions": self.questions,
        }


def only_by_name() -> frozenset[str]:
    """The declared protocols that are run only when they are asked for."""
    return frozenset(name for name, declared in find_all("tasks.protocols", "PROTOCOL") if not declared.by_default)


def ap_words(benchmark: Benchmark) -> str:
    """The kind of AP in one word: `step`, `trapezoid`, or `step@500` for a window of raw ranks."""
    rules = benchmark.rules
    return rules.ap_variant if rules.ap_topk is None else f"{rules.ap_variant}@{rules.ap_topk}"


def _is_empty(benchmark: Benchmark) -> bool:
    return any(not trial.query_ids or not trial.gallery_ids for trial in benchmark.trials)


@contextlib.contextmanager
def _replacing(out: Path) -> Iterator[Path]:
    """A draft folder whose files replace those in `out`, summary.json last: without it a folder is not whole."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=out))
        try:
            yield draft
            (out / "summary.json").unlink(missing_ok=True)
            for path in sorted(draft.iterdir(), key=lambda path: (path.name == "summary.json", path.name)):
                os.replace(path, out / path.name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise NotWritable(
            f"The folder {str(out)!r} cannot be written ({error.strerror}): give another --out."
        ) from error


def evaluate_score_file(version: Path, protocol: str, path: Path) -> dict[str, Any]:
    """The figures of scores or features that somebody made elsewhere, for a protocol of a version.

    `path` is a .npy or Parquet file of scores, higher is more alike, or one of features (tasks.scoring.score_files says
    which forms). Raises BadScores, UnknownName, UnknownVersion.
    """
    benchmark = next(load_benchmarks(VersionFolder(version), [protocol]))
    if _is_empty(benchmark):
        raise BadScores(f"The protocol {protocol!r} cannot be scored: {_EMPTY}.")
    found = run(benchmark, read_scores(path, benchmark))
    if found is None:
        raise BadScores(f"The protocol {protocol!r} has no query with a right image in this version's gallery.")
    return {"protocol": protocol, "ap_variant": ap_words(benchmark), **_flat(benchmark, found)}


def _flat(benchmark: Benchmark, found: Findings) -> dict[str, Any]:
    """Findings as one level of names, for a table of lines."""
    flat: dict[str, Any] = {"tie_policy": benchmark.rules.tie_policy}
    summary = found.summary()
    for name, figure in summary.pop("metrics").items():
        flat[name] = figure.pop("value")
        flat |= {f"{name} {key.replace('_', ' ')}": value for key, value in figure.items()}
    return {**flat, **summary}
