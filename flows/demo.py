"""The main job on drawn raw data: sample, build, publish, pull, train, evaluate, report."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.build import build
from flows.evaluate import evaluate
from flows.orchestrate import as_flow
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PrefectRunner
from flows.train import train
from schemas.errors import WrongUse
from tasks.report.page import write_report

_RECIPES = {"tiny": "demo_tiny", "demo": "demo"}
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class DemoPaths:
    """Where the demo puts things, all below one folder."""

    out: Path

    @property
    def raw(self) -> Path:
        """The drawn raw datasets."""
        return self.out / "raw"

    @property
    def store(self) -> Path:
        """The build store."""
        return self.out / "store"

    @property
    def remote(self) -> Path:
        """Where versions are published."""
        return self.out / "published"

    @property
    def pulled(self) -> Path:
        """Where the published version is pulled to, as a researcher would."""
        return self.out / "pulled"

    @property
    def run(self) -> Path:
        """Checkpoints, results and the report."""
        return self.out / "run"


@as_flow
def demo(out: str = "demo", size: str = "demo", seed: int = 7, quiet: bool = False) -> dict[str, Any]:
    """Everything once, on synthetic pedestrians; returns what was found and where it is."""
    if size not in _RECIPES:
        raise WrongUse(f"The demo knows the sizes {', '.join(_RECIPES)}, not {size!r}.")
    started = time.perf_counter()
    paths, reporter = DemoPaths(Path(out)), Reporter(quiet)
    run = PrefectRunner(reporter)
    recipe = find_recipe(_RECIPES[size])
    reporter.say(f"The demo draws raw datasets and works below {str(paths.out)!r}.")
    run.call("sample", paths.raw, size, seed, [choice.name for choice in recipe.sources], _WORKERS)
    outcome: Any = build(_RECIPES[size], str(paths.raw), str(paths.store), str(paths.remote), quiet)
    published = outcome[1]
    pulled = run.call("pull", paths.remote, f"{published.name}@sha256:{published.digest}", paths.pulled)
    checkpoint: Any = train(str(pulled), str(paths.run), "tiny", recipe.train.effort, seed, quiet)
    evaluation: Any = evaluate(
        str(pulled), str(checkpoint), str(paths.run / "evaluation"), recipe.evaluate.rerank_top, quiet
    )
    report = write_report(pulled, checkpoint, evaluation, paths.out / "report.html")
    return {
        "report": str(report),
        "version": f"{published.name}@{published.version}",
        "digest": published.digest,
        "folder": str(pulled),
        "checkpoint": str(checkpoint),
        "seconds": round(time.perf_counter() - started, 1),
        "findings": json.loads((evaluation / "summary.json").read_bytes()),
    }


def in_words(found: dict[str, Any]) -> str:
    """The demo's findings as a person reads them at the end of the run."""
    lines = [
        f"\nThe version {found['version']} is sha256:{found['digest']}",
        f"  load_dataset({found['folder']!r}, 'stage2')",
        "\nRetrieval on held-out drawn persons (Rank-1, chance in brackets; not a Re-ID result):",
    ]
    for name, scorers in found["findings"]["protocols"].items():
        cells = [f"{scorer} {facts['metrics']['rank-1']['value']:.3f}" for scorer, facts in scorers.items()]
        chance = next(iter(scorers.values()))["metrics"]["rank-1"]["chance"]
        lines.append(f"  {name:<36} {', '.join(cells)} [{chance:.3f}]")
    lines.append("\nHeld-out questions (accuracy, most frequent answer in brackets):")
    for row in found["findings"]["questions"]:
        verdict = "" if row["low"] > row["majority"] else "  at chance"
        lines.append(f"  {row['family']:<10} {row['what']:<26} {row['accuracy']:.3f} [{row['majority']:.3f}]{verdict}")
    lines.append(f"\nReport: {found['report']}   ({found['seconds']:.0f} s in all)")
    return "\n".join(lines)
