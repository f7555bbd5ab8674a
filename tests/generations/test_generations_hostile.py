"""The client against a server that misbehaves: every row ends, nothing is paid for twice, nothing is invented."""

import json
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hostile_server import Hostile, reply_of

from generators.endpoint.asking import MAX_REPAIRS, MAX_TRIES, ask_endpoint
from generators.endpoint.settings import Endpoint, endpoint_of
from schemas.backend import Answer, Backend, Means, Request
from schemas.errors import BudgetSpent, EndpointFault
from schemas.prices import Price, Prices
from tasks.generations.budget import Budget
from tasks.generations.client import Generation, Progress, answer
from tasks.generations.spending import total
from tasks.generations.store import GenerationStore

SCHEMA = json.dumps({"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]})
FAULTY = {
    **{"busy": 0.04, "error": 0.03, "unavailable": 0.02, "drop": 0.03, "half": 0.03, "hang": 0.002, "garbage": 0.03},
    **{"torn": 0.03, "no_choice": 0.02, "wrong_schema": 0.02, "refusal": 0.015, "cut": 0.015, "empty": 0.01},
    "twice": 0.02,
}
PATIENT = 60.0
"""Seconds a request may take where requests are counted: a machine that stalls must not time one out and re-send it."""
HANGING = 10.0
"""The same where some requests are never answered, and each of them costs as long."""


def backend(server: Hostile, **settings: Any) -> Backend:
    known: dict[str, Any] = {"timeout": PATIENT, "backoff": 0.005, "concurrency": 64} | settings
    endpoint = Endpoint(url=server.url, **known)
    return Backend(
        title="toy", model="toy", revision="1", ask=lambda requests, means: ask_endpoint(endpoint, requests, means)
    )


def ask(prompt: str, **more: Any) -> Request:
    return Request(kind="caption", prompt=prompt, prompt_id="toy", subject=prompt, **more)


def all_asked(requests: list[Request], server: Hostile, store: Path, **settings: Any) -> list[Generation]:
    with GenerationStore(store) as opened:
        return answer(requests, backend(server, **settings), opened)


@pytest.mark.slow
def test_5000_requests_at_30_percent_faults_all_end_and_nothing_is_asked_again_after_its_answer(tmp_path: Path):
    requests = [ask(f"picture {n}", response_schema=SCHEMA if n % 2 else None) for n in range(5_000)]
    told: list[Progress] = []
    assert sum(FAULTY.values()) == pytest.approx(0.312)
    with Hostile(FAULTY, latency=0.004, retry_after="0.003") as server, GenerationStore(tmp_path) as store:
        first = answer(requests, backend(server, timeout=HANGING), store, watch=told.append)
        statuses = Counter(got.answer.status for got in first)
        came = server.came.total()
        assert sum(statuses.values()) == 5_000
        assert set(statuses) <= {"ok", "refused", "truncated", "invalid", "failed"}
        assert statuses["ok"] > 4_500
        assert all(got.answer.detail for got in first if got.answer.status != "ok")
        assert min(server.met[fault] for fault in FAULTY) > 2
        assert server.again_after_ok == []
        for request, got in zip(requests, first, strict=True):
            if got.answer.status == "ok" and "told" not in got.answer.text:
                assert reply_of(request.prompt) in got.answer.text
        spent = total(store.spent())
        last = told[-1]
        assert (last.done, last.done + last.rejected + last.failed) == (statuses["ok"], 5_000)
        assert spent.requests == 5_000
        assert spent.sent == last.sent == came == sum(got.answer.sent for got in first)
        assert spent.tokens == sum(got.answer.prompt_tokens + got.answer.completion_tokens for got in first)
        again = answer(requests, backend(server, timeout=HANGING), store)
        assert server.again_after_ok == []
        assert all(b == a for a, b in zip(first, again, strict=True) if a.answer.status == "ok")


def test_a_server_that_dies_half_way_loses_no_answer_and_is_held_against_no_row(tmp_path: Path):
    requests = [ask(f"picture {n}") for n in range(300)]
    with Hostile(dies_after=150, latency=0.002) as server:
        with pytest.raises(EndpointFault, match="build again to go on"):
            all_asked(requests, server, tmp_path, patience=0.3)
        answered = set(server.answered)
    with GenerationStore(tmp_path) as store:
        kept = total(store.spent())
        assert kept.ok == kept.requests
        assert 50 < kept.ok <= len(answered)
    with Hostile(latency=0.002) as server:
        found = all_asked(requests, server, tmp_path)
        assert {got.answer.status for got in found} == {"ok"}
        assert len(server.came) == 300 - kept.ok


def test_a_row_that_fails_while_others_are_served_is_a_reject_with_its_reason(tmp_path: Path):
    class OneBroken(Hostile):
        def _fault(self, prompt: str) -> str:
            return "error" if prompt == "broken" else "none"

    with OneBroken() as server:
        found = all_asked([ask("whole"), ask("broken"), ask("whole too")], server, tmp_path)
    assert [got.answer.status for got in found] == ["ok", "failed", "ok"]
    assert found[1].answer.detail == f"the server failed with 500, {MAX_TRIES} times"
    assert found[1].answer.sent == MAX_TRIES


def test_an_endpoint_that_asks_for_longer_than_our_patience_is_told_so(tmp_path: Path):
    with (
        Hostile({"busy": 1.0}, retry_after="3600") as server,
        pytest.raises(EndpointFault, match="asks to wait for 3600 s"),
    ):
        all_asked([ask("a")], server, tmp_path)


def test_nothing_that_listens_is_an_endpoint_fault_and_no_row_fails(tmp_path: Path):
    with Hostile() as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # a port that stays ours: nobody else can begin to listen there
        server.url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(EndpointFault, match="does not answer any more"):
            all_asked([ask("a")], server, tmp_path)
    with GenerationStore(tmp_path) as store:
        assert store.spent() == []


def test_a_refused_key_ends_the_asking_and_is_never_told(tmp_path: Path):
    with Hostile(keyed=True) as server:
        with pytest.raises(EndpointFault, match="answers 401; it refuses the key") as raised:
            all_asked([ask(f"picture {n}") for n in range(300)], server, tmp_path, key="secret-wrong")
        assert "secret" not in str(raised.value)
        assert "secret" not in repr(Endpoint(url=server.url, key="secret-wrong"))
        assert all_asked([ask("a")], server, tmp_path, key="secret-key")[0].answer.status == "ok"
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_schema_failure_is_repaired_twice_with_other_seeds_and_then_rejected(tmp_path: Path):
    with Hostile({"wrong_schema": 1.0}) as server:
        [got] = all_asked([ask("a", seed=5, response_schema=SCHEMA)], server, tmp_path)
    assert (got.answer.status, got.answer.sent) == ("invalid", 1 + MAX_REPAIRS)
    assert got.answer.detail == "the answer: 'said' is a required property"
    assert got.answer.prompt_tokens == 100 * (1 + MAX_REPAIRS)
    assert [len(body["messages"]) for body in server.bodies] == [1, 3, 5]
    assert len({body["seed"] for body in server.bodies}) == 3
    assert "required property" in server.bodies[1]["messages"][2]["content"]


@pytest.mark.parametrize("formats", ["obey", "ignore", "refuse"])
def test_guided_json_is_used_where_it_is_offered_and_done_without_where_not(tmp_path: Path, formats: str):
    requests = [ask(f"picture {n}", response_schema=SCHEMA) for n in range(40)]
    with Hostile(formats=formats) as server:
        found = all_asked(requests, server, tmp_path)
    assert [got.answer.status for got in found] == ["ok"] * 40
    unguided = sum("response_format" not in body for body in server.bodies)
    assert unguided == (40 if formats == "refuse" else 0)


def test_the_window_finds_what_a_server_bears(tmp_path: Path):
    with Hostile(capacity=10, latency=0.01, retry_after="0.001") as server:
        found = all_asked([ask(f"picture {n}") for n in range(600)], server, tmp_path, concurrency=256)
        assert {got.answer.status for got in found} == {"ok"}
        refused = server.came.total() - 600
    assert refused < 600


def test_requests_a_minute_are_kept_to(tmp_path: Path):
    with Hostile() as server:
        begun = time.monotonic()
        all_asked([ask(f"picture {n}") for n in range(30)], server, tmp_path, requests_per_minute=600)
        # The last of the ten that no burst lets through waits a second; a machine that stalls only adds to it.
        assert time.monotonic() - begun >= 0.99
        assert server.came.total() == 30


def test_a_budget_stops_cleanly_and_the_next_build_goes_on(tmp_path: Path):
    requests = [ask(f"picture {n}") for n in range(100)]
    with Hostile(latency=0.002) as server, GenerationStore(tmp_path) as store:
        budget = Budget.read("40 requests", Prices(), store.spent(), ["toy"])
        with pytest.raises(BudgetSpent, match=r"budget of 40 requests is used up .* 60 requests .* build again"):
            answer(requests, backend(server), store, budget=budget)
        assert server.came.total() == 40
        budget = Budget.read("4800 tokens", Prices(), store.spent(), ["toy"])
        with pytest.raises(BudgetSpent):
            answer(requests, backend(server), store, budget=budget)
        assert 80 <= server.came.total() <= 106
        answer(requests, backend(server), store)
        assert server.came.total() == 100
        assert server.again_after_ok == []


def test_a_budget_ends_though_everything_in_flight_is_tried_again_through_the_only_place(tmp_path: Path):
    class Stumbling(Hostile):
        def _fault(self, prompt: str) -> str:
            return "error" if self.came[prompt] == 1 else "none"

    with Stumbling() as server, GenerationStore(tmp_path) as store:
        budget = Budget.read("3 requests", Prices(), store.spent(), ["toy"])
        with pytest.raises(BudgetSpent):
            answer(
                [ask(f"picture {n}") for n in range(9)],
                backend(server, concurrency=1, backoff=0.5),
                store,
                budget=budget,
            )
        assert total(store.spent()).ok == len(server.came) == 3


def test_chunks_that_are_asked_side_by_side_keep_one_budget(tmp_path: Path):
    halves = [[ask(f"picture {n}") for n in numbers] for numbers in (range(100), range(100, 200))]

    def asked(requests: list[Request]) -> None:
        with GenerationStore(tmp_path) as store, pytest.raises(BudgetSpent):
            answer(requests, backend(server), store, budget=budget)

    with Hostile(latency=0.02) as server:
        with GenerationStore(tmp_path) as store:
            budget = Budget.read("60 requests", Prices(), store.spent(), ["toy"])
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(asked, halves))
        assert server.came.total() == 60


def test_a_budget_is_used_up_though_more_was_set_aside_for_what_was_in_flight(tmp_path: Path):
    requests = [ask(f"picture {n}") for n in range(60)]
    prices = Prices(models={"toy": Price(prompt=3, completion=12)})
    with Hostile(latency=0.01) as server, GenerationStore(tmp_path) as store:
        budget = Budget.read("0.02", prices, store.spent(), ["toy"])
        with pytest.raises(BudgetSpent, match=r"The budget of 0\.0200 USD is used up \(0\.0\d+ USD spent\)"):
            answer(requests, backend(server, concurrency=8), store, budget=budget)
        spent = budget.sum(store.spent())
    assert 0.019 < spent <= 0.02
    assert server.came.total() == round(spent / 0.00054)


def test_images_go_as_data_urls_at_their_marks(tmp_path: Path):
    shown = {"aa": b"\xff\xd8\xffjpeg", "bb": b"\x89PNGpng"}
    one = ask("what is this", images=("aa",))
    two = ask("[[image:2]] or [[image:1]]?", images=("aa", "bb"), system="Look.")
    lost = ask("lost", images=("cc",))
    with Hostile() as server, GenerationStore(tmp_path) as store:
        found = answer([one, two, lost], backend(server, concurrency=1), store, images=shown.__getitem__)
        first, second = server.bodies
    kinds = [part["type"] for part in first["messages"][0]["content"]]
    assert kinds == ["image_url", "text"]
    assert second["messages"][0] == {"role": "system", "content": "Look."}
    urls = [part["image_url"]["url"][:16] for part in second["messages"][1]["content"] if "image_url" in part]
    assert urls == ["data:image/png;b", "data:image/jpeg;"]
    assert (found[2].answer.status, found[2].answer.sent) == ("failed", 0)
    assert "'cc' is not in the store" in found[2].answer.detail


def test_closing_early_leaves_nothing_running():
    with Hostile(latency=0.05) as server:
        endpoint = Endpoint(url=server.url)
        answers = ask_endpoint(endpoint, [ask(f"picture {n}") for n in range(500)], Means())
        assert next(found for found in answers if found is not None)[1].status == "ok"
        answers.close()
        assert server.came.total() < 500


def test_settings_come_from_the_environment_and_faults_in_them_are_named():
    known = {"REIDFORGE_MLLM_URL": "http://localhost:8000/v1/", "REIDFORGE_MLLM_CONCURRENCY": "8"}
    assert (endpoint_of(known).url, endpoint_of(known).concurrency) == ("http://localhost:8000/v1", 8)
    with pytest.raises(EndpointFault, match="No model endpoint is set: put its address into REIDFORGE_MLLM_URL"):
        endpoint_of({})
    for wrong in ("localhost:8000", "ftp://x/v1", "http://user:pass@x/v1", "http://x/v1?key=1"):
        with pytest.raises(EndpointFault, match="REIDFORGE_MLLM_URL: Value error, must") as raised:
            endpoint_of({"REIDFORGE_MLLM_URL": wrong, "REIDFORGE_MLLM_KEY": "k"})
        assert "pass" not in str(raised.value).replace("password", "")
    with pytest.raises(EndpointFault, match="REIDFORGE_MLLM_CONCURRENCY"):
        endpoint_of(known | {"REIDFORGE_MLLM_CONCURRENCY": "1000"})


def test_an_answer_is_never_empty_and_ok(tmp_path: Path):
    with Hostile({"empty": 1.0}) as server:
        [got] = all_asked([ask("a")], server, tmp_path)
    assert got.answer == Answer(
        text="", status="invalid", detail="the answer is empty", prompt_tokens=100, completion_tokens=20,
        seconds=got.answer.seconds,
    )  # fmt: skip
