"""A real endpoint on loopback is told of every step of a build; one that is away, slow or unset changes nothing."""

import json
import logging
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows import lineage_events
from flows.lineage import is_configured, observed
from flows.lineage_events import in_words
from flows.order import build_and_publish
from flows.recipes import find_recipe
from flows.reporter import Reporter
from flows.runner import PlainRunner
from schemas.errors import BadRawData, Unreachable

KEY = "a-key-that-nobody-may-see"
PATIENT = 120.0
"""Seconds that a build waits for its last events: a machine that stalls must not lose one that a test looks for."""
STEPS = {"ingest", "link", "describe", "mine", "compose", "benchmark", "stage", "validate", "publish", "build"}


class Endpoint:
    """What arrived: events, paths and keys. A `deaf` endpoint never answers until the test is over."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked: set[tuple[str, str]] = set()
        self.deaf = False
        self.over = threading.Event()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    made = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            return

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if made.deaf:
                made.over.wait()
            made.asked.add((self.path, self.headers["authorization"]))
            made.events.append(json.loads(body))
            self.send_response(201)
            self.send_header("content-length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = {"OPENLINEAGE_URL": f"http://127.0.0.1:{server.server_port}", "OPENLINEAGE_API_KEY": KEY}
    monkeypatch.setattr(os, "environ", {**os.environ, **settings})  # the client adds settings of its own to it
    monkeypatch.setattr(lineage_events, "_LAST_SECONDS", PATIENT)
    yield made
    made.over.set()
    server.shutdown()
    server.server_close()


def build(raw: Path, store: Path) -> Any:
    runner = PlainRunner(2, Reporter())
    return build_and_publish(find_recipe("demo_tiny"), raw, store, store / "published", runner)


def test_every_step_is_told_with_what_went_in_and_came_out(first_build: Any, raw: Path, endpoint: Endpoint) -> None:
    store, published = first_build[0], first_build[2]
    build(raw, store)
    events = endpoint.events
    steps = {event["job"]["name"].removeprefix("demo_tiny.") for event in events}
    assert steps == STEPS
    for step in STEPS:
        told = [event["eventType"] for event in events if event["job"]["name"].endswith(f".{step}")]
        assert told == ["START", "COMPLETE"]
    ends = {event["job"]["name"].partition(".")[2]: event for event in events if event["eventType"] == "COMPLETE"}
    assert _digests(ends["publish"]["outputs"]) == {"demo_tiny": f"sha256:{published.digest}"}
    assert _digests(ends["ingest"]["inputs"]).keys() == {
        "raw/cuhk_pedes",
        "raw/ltcc",
        "raw/market1501",
        "raw/sysu_mm01",
    }
    assert _digests(ends["ingest"]["outputs"]).items() <= _digests(ends["compose"]["inputs"]).items()
    assert _digests(ends["stage"]["outputs"]).items() <= _digests(ends["publish"]["inputs"]).items()
    assert {event["run"]["facets"]["reidforge_recipe"]["version"] for event in events} == {"0.1.0"}
    parents = {
        event["run"]["facets"]["parent"]["run"]["runId"] for event in events if "build" not in event["job"]["name"]
    }
    assert parents == {ends["build"]["run"]["runId"]}


def _digests(datasets: list[dict[str, Any]]) -> dict[str, str]:
    return {each["name"]: each["facets"]["version"]["datasetVersion"] for each in datasets}


def test_no_key_and_no_place_of_this_machine_is_told(
    first_build: Any, raw: Path, endpoint: Endpoint, tmp_path: Path
) -> None:
    build(raw, first_build[0])
    with pytest.raises(BadRawData):
        build(tmp_path / "nothing", tmp_path / "store")
    assert endpoint.asked == {("/api/v1/lineage", f"Bearer {KEY}")}
    assert any(event["eventType"] == "FAIL" for event in endpoint.events)
    words = json.dumps(endpoint.events)
    for secret in (KEY, str(raw), str(first_build[0]), str(tmp_path), os.uname().nodename):
        assert secret not in words


def test_a_refusal_is_told_in_its_words_and_other_faults_by_their_kind(endpoint: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(BadRawData):
        build(tmp_path / "nothing", tmp_path / "store")
    failed = [event for event in endpoint.events if event["eventType"] == "FAIL"]
    assert [event["job"]["name"] for event in failed] == ["demo_tiny.ingest", "demo_tiny.build"]
    assert "does not exist" in failed[0]["run"]["facets"]["errorMessage"]["message"]
    assert in_words(Unreachable("'s3://ann:secret@bucket/x' failed")) == "'s3://bucket/x' failed"
    assert in_words(ZeroDivisionError("secret")) == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("The folder '/home/ann lee/raw' is missing.", "The folder '<path>' is missing."),
        ("See ./raw/x.jpg, ~/raw and ../up: nothing.", "See <path>, <path> and <path> nothing."),
        ("file:///home/ann/x cannot be read (/tmp/y).", "<path> cannot be read (<path>)."),
        ("'s3://bucket/x' and hub://lab/toy failed.", "'s3://bucket/x' and hub://lab/toy failed."),
        ("market1501/0002.jpg: 3/4 of yes/no rows", "market1501/0002.jpg: 3/4 of yes/no rows"),
    ],
)
def test_a_refusal_that_is_told_names_no_place_of_this_machine(said: str, told: str) -> None:
    assert in_words(BadRawData(said)) == told


def test_an_endpoint_that_never_answers_stops_no_build_and_is_said(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.deaf = True
    monkeypatch.setattr(lineage_events, "_LAST_SECONDS", 0.05)
    with observed(PlainRunner(1, Reporter()), find_recipe("demo_tiny")):
        pass
    assert "lineage: 2 of 2 events did not reach the OpenLineage endpoint" in capsys.readouterr().err


@pytest.mark.parametrize("changes", [{"OPENLINEAGE_URL": "http://127.0.0.1:9"}, {"OPENLINEAGE__TRANSPORT__TYPE": "?"}])
def test_an_endpoint_that_is_away_or_no_endpoint_stops_no_build(
    changes: dict[str, str], endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lineage_events, "_LAST_SECONDS", 0.05)
    os.environ.update(changes)
    with observed(PlainRunner(1, Reporter()), find_recipe("demo_tiny")):
        pass
    assert "2 of 2 events did not reach" in capsys.readouterr().err
    assert endpoint.events == []


def test_the_library_that_cannot_reach_the_endpoint_says_nothing_itself(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lineage_events, "_LAST_SECONDS", 5.0)
    os.environ["OPENLINEAGE_URL"] = "http://127.0.0.1:9"
    with observed(PlainRunner(1, Reporter()), find_recipe("demo_tiny")):
        logging.getLogger("urllib3.connectionpool").warning("another's")
    libraries = [record for record in caplog.records if record.name.startswith(("urllib3", "openlineage", "requests"))]
    assert [record.getMessage() for record in libraries] == ["another's"]


def test_without_an_endpoint_the_runner_stays_as_it_is(endpoint: Endpoint) -> None:
    os.environ["OPENLINEAGE_DISABLED"] = "true"
    assert not is_configured()
    runner = PlainRunner(1, Reporter())
    with observed(runner, find_recipe("demo_tiny")) as same:
        assert same is runner
