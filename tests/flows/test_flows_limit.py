"""Chunks as Prefect tasks, against a real Prefect server: the limit that all flows on one endpoint share."""

import sys
from pathlib import Path

import pytest
from prefect import get_client
from prefect_server import ON_A_SERVER

from flows.artifacts import ProgressArtifact
from flows.orchestrate import as_flow, run_flow
from flows.reporter import Reporter
from flows.runner import PrefectRunner
from schemas.backend import Request
from schemas.errors import BudgetSpent
from schemas.recipe import ModelChoice
from tasks.generations.budget import Budget
from tasks.generations.chunks import write_chunks
from tasks.generations.client import Progress
from tasks.policy import ensure_limit, limit_name
from tasks.steps.store import StepOutput

sys.path.insert(0, str(Path(__file__).parents[1] / "generations"))
from hostile_server import Describing

pytestmark = ON_A_SERVER


@as_flow
def asking(store: str, budget: str | None = None) -> list[Progress]:
    requests = [Request(kind="rewording", prompt=f"say {n}", prompt_id="toy") for n in range(40)]
    chunks = write_chunks(Path(store), ModelChoice(model="toy"), requests, rows=10)
    nothing = StepOutput("ingest", "", Path(store), False, {"packs": []})
    limit = Budget(float(budget), "requests") if budget else None
    run = PrefectRunner(Reporter(quiet=True))
    with run.progress("generate") as show:
        return run.map(
            "generate",
            [(Path(store), nothing, chunk, limit, lambda told: show(told.done, 40, "")) for chunk in chunks],
        )


def test_chunks_share_a_limit_that_is_created_and_show_how_far_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ProgressArtifact, "_LAST", 300.0)  # a busy server takes its time, and is looked at below
    with Describing(latency=0.05) as endpoint:
        monkeypatch.setenv("REIDFORGE_MLLM_URL", endpoint.url)
        monkeypatch.setenv("REIDFORGE_MLLM_CHUNKS", "1")
        with pytest.raises(BudgetSpent, match="budget of 15 requests"):
            run_flow(asking, 4, store=str(tmp_path), budget="15")
        assert endpoint.came.total() == 15
        told = run_flow(asking, 4, store=str(tmp_path))
        assert endpoint.came.total() == 40
        assert endpoint.most_running <= 10
        name = limit_name(endpoint.url)
        assert endpoint.url not in name
    assert [part.total for part in told] == [10] * 4
    assert sum(part.done + part.hits for part in told) == 40
    with get_client(sync_client=True) as client:
        assert client.read_global_concurrency_limit_by_name(name).limit == 1
        monkeypatch.setenv("REIDFORGE_MLLM_CHUNKS", "7")
        ensure_limit(name)
        assert client.read_global_concurrency_limit_by_name(name).limit == 1
        kinds = {artifact.key: artifact.type for artifact in client.read_artifacts()}
    assert kinds["generate-progress"] == "progress"
