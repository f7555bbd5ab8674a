"""Against a real Prefect server on loopback: the temporary one that Prefect starts for a test run."""

from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect_server import ON_A_SERVER

from flows.build import build
from flows.orchestrate import as_flow, run_flow
from flows.reporter import Reporter
from flows.runner import PrefectRunner
from schemas.errors import BadRawData
from tasks.policy import as_task

pytestmark = ON_A_SERVER


def refuse(number: int) -> None:
    raise BadRawData(f"The folder number {number} is empty: give another.", ["one", "two"])


@as_flow
def drawing(folders: list[str]) -> list[dict[str, int]]:
    calls = [(Path(folder), "tiny", 7, ["market1501"]) for folder in folders]
    return PrefectRunner(Reporter(quiet=True)).map("sample", calls)


@as_flow
def refusing(n: int) -> None:
    as_task(refuse).submit(n).result()


def test_shards_come_back_in_order(tmp_path):
    drawn = run_flow(drawing, 2, folders=[str(tmp_path / name) for name in "abc"])
    assert [set(counts) for counts in drawn] == [{"market1501"}] * 3
    assert all((tmp_path / name / "SAMPLE.json").is_file() for name in "abc")


def test_a_build_through_the_server_publishes_the_same_version_as_without_it(first_build, raw, tmp_path):
    _, _, published = first_build
    names = {"recipe": "demo_tiny", "raw": str(raw), "store": str(tmp_path), "remote": str(tmp_path / "published")}
    _, through_prefect = run_flow(build, 2, **names, quiet=True)
    assert through_prefect.digest == published.digest
    with get_client(sync_client=True) as client:
        kinds = {artifact.key: artifact.type for artifact in client.read_artifacts()}
    assert kinds == {"demo-tiny-steps": "table", "demo-tiny-gates": "table", "demo-tiny-people": "image"}


def test_a_refusal_comes_back_as_its_error_and_is_recorded_as_a_failed_run(capfd):
    with pytest.raises(BadRawData, match="number 3 is empty") as caught:
        run_flow(refusing, 1, n=3)
    assert caught.value.problems == ("one", "two")
    assert "Traceback" not in "".join(capfd.readouterr())
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(name=None))
    states = {(run.state.name, run.state.message.splitlines()[0]) for run in runs if run.state.message}
    assert ("Failed", "The folder number 3 is empty: give another.") in states
