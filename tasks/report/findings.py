"""What training and evaluation left behind, as the report shows it: losses, held-out questions, protocol tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from markupsafe import Markup

from schemas.discovery import find
from tasks.report.plots import Series, line_chart

METRICS = ("rank-1", "rank-5", "rank-10", "mAP", "mINP")
_MAX_POINTS = 60


@dataclass(frozen=True, slots=True)
class Chart:
    """A titled chart."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class ScorerRow:
    """One scorer's figures under a protocol, a cell per metric."""

    scorer: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProtocolFindings:
    """One protocol's table and CMC curves."""

    title: str
    facts: str
    metrics: Sequence[str]
    rows: Sequence[ScorerRow]
    svg: Markup
    reference: str


def loss_charts(checkpoint: Path | None) -> list[Chart]:
    """One chart per stage from losses.json beside the stage folders: a line per loss, averaged over short windows."""
    path = checkpoint.parent / "losses.json" if checkpoint else None
    if not path or not path.is_file():
        return []
    stages: dict[str, list[dict[str, float]]] = json.loads(path.read_bytes())
    return [
        Chart(title, line_chart(loss_lines(points), "step", "loss"))
        for title, points in sorted(stages.items())
        if points
    ]


def loss_lines(points: Sequence[dict[str, float]]) -> list[Series]:
    """Steps with their losses by name, as one smoothed line per name; a name may be missing at some steps."""
    names = sorted({name for point in points for name in point if name != "step"})
    return [Series(name, _smoothed([(p["step"], p[name]) for p in points if name in p])) for name in names]


def _smoothed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    window = max(1, len(points) // _MAX_POINTS)
    slices = [points[start : start + window] for start in range(0, len(points), window)]
    return [(part[-1][0], sum(value for _, value in part) / len(part)) for part in slices]


def question_rows(evaluation: Path | None) -> list[dict[str, Any]]:
    """Held-out question accuracy per family and attribute, from summary.json."""
    if not evaluation:
        return []
    summary = json.loads((evaluation / "summary.json").read_bytes())
    return [row for row in summary.get("questions", []) if row["n"]]


def protocol_findings(evaluation: Path | None) -> list[ProtocolFindings]:
    """One entry per protocol of results.parquet, in name order."""
    if not evaluation:
        return []
    rows = pq.read_table(evaluation / "results.parquet").to_pylist()
    curves = json.loads((evaluation / "curves.json").read_bytes())
    names = sorted({row["protocol_id"] for row in rows})
    return [_findings(name, [row for row in rows if row["protocol_id"] == name], curves) for name in names]


def _findings(name: str, rows: list[dict[str, Any]], curves: dict[str, Any]) -> ProtocolFindings:
    protocol = find("tasks.protocols", "PROTOCOL", name)
    cells = {(row["scorer"], row["metric"]): row for row in rows}
    scorers = list(dict.fromkeys(row["scorer"] for row in rows))
    metrics = [metric for metric in METRICS if any((scorer, metric) in cells for scorer in scorers)]
    listed = [ScorerRow(scorer, [_cell(cells.get((scorer, metric))) for metric in metrics]) for scorer in scorers]
    listed.append(ScorerRow("chance", [_chance(cells[(scorers[0], metric)]) for metric in metrics]))
    lines = [
        Series(scorer, [(rank + 1, value) for rank, value in enumerate(curve)])
        for scorer, curve in sorted(curves.get(name, {}).items())
    ]
    reference = "; ".join(f"{system} {r1:g} / {ap:g}" for system, (r1, ap) in sorted(protocol.reference.items()))
    chart = line_chart(lines, "rank", "CMC", (0.0, 1.0))
    return ProtocolFindings(protocol.title, _facts(rows[0]), metrics, listed, chart, reference)


def _facts(row: dict[str, Any]) -> str:
    return (
        f"{row['n_valid_query']:,} of {row['n_query']:,} queries have a match in a gallery of {row['n_gallery']:,}; "
        f"AP by {row['ap_variant']}, ties by {row['tie_policy']}."
    )


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    words = f"{row['value']:.3f}"
    if row["ci_low"] is not None:
        words += f" [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    return words


def _chance(row: dict[str, Any]) -> str:
    return "–" if row["chance"] is None else f"{row['chance']:.3f}"
