"""Builds whose recipe asks a model, against a server on loopback: asked once, planned, budgeted, killed, replayed."""

import asyncio
import json
import multiprocessing
import shutil
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from flows import asking
from flows.asking import Asking, ask_models
from flows.commands.plan import in_words
from flows.order import build_version
from flows.planning import as_batch, planned
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators import prompts
from generators.endpoint.asking import MAX_TRIES
from generators.endpoint.chat import data_url
from schemas.errors import BudgetSpent, EndpointFault, MissingGenerations
from schemas.keys import digest, file_sha256, seed_of
from schemas.prices import Prices
from schemas.recipe import Recipe
from tasks.generations.batches import export_batch, import_batch
from tasks.generations.client import MAX_ATTEMPTS
from tasks.generations.maintenance import Choice
from tasks.generations.purging import purge_answers
from tasks.generations.store import GenerationStore
from tasks.steps import describe
from tasks.steps.store import forget_steps, run_step

sys.path.insert(0, str(Path(__file__).parents[1] / "generations"))
import killed_build
from hostile_server import Describing, Hostile

QUIET = PlainRunner(1, Reporter(quiet=True))
CAPTION = {"kind": "caption", "models": ["toy-vlm"], "styles": ["static"], "per_image": 1}


def recipe_of(revision: str = "1", **more: Any) -> Recipe:
    described = {
        "models": [{"model": "toy-vlm", "revision": revision, "sampling": {"max_tokens": 80}}],
        "kinds": [CAPTION],
    }
    return Recipe.model_validate(
        {
            "name": "asked",
            "version": "0.1.0",
            "title": "A recipe that asks a model",
            "sources": [{"name": "market1501"}],
            "describe": described | more,
            "families": {"ATTR_QA": {"stage": 1, "rows": {"train": 10, "test": 5}}},
        }
    )


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from generators.sample import write_sample

    folder = tmp_path_factory.mktemp("asked")
    write_sample(folder, "tiny", sources=["market1501"])
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    with Describing(latency=0.001) as running:
        monkeypatch.setenv("REIDFORGE_MLLM_URL", running.url)
        yield running


def built(recipe: Recipe, raw: Path, store: Path, **how: Any) -> str:
    """A digest of what a build describes: the steps up to there, as a build runs them."""
    ingests = QUIET.map("ingest", [(store, "market1501", raw)])
    ask_models(store, ingests, recipe, Asking(**how), QUIET)
    done = QUIET.call("describe", store, ingests[0], recipe.describe, recipe.seed, False, True)
    return digest({path.name: file_sha256(path) for path in sorted(done.folder.iterdir())})


def version(recipe: Recipe, raw: Path, store: Path, **how: Any) -> str:
    """The digest of the staged version, all steps of a build behind it."""
    return build_version(recipe, raw, store, QUIET, Asking(**how)).staged.digest


def test_a_build_asks_what_was_planned_and_the_next_one_asks_nothing(market: Path, server: Hostile, tmp_path: Path):
    store = tmp_path / "store"
    with planned(recipe_of(), market, store, Prices(), QUIET) as (plan, _):
        requests = plan.as_facts()["requests"]
        assert plan.lines[0].missed == {"new": requests}
        assert "nothing of this was measured yet" in in_words(plan)
    assert not store.exists()
    first = built(recipe_of(), market, store)
    assert server.came.total() == requests == len(server.bodies)
    assert {part["type"] for part in server.bodies[0]["messages"][0]["content"]} == {"image_url", "text"}
    assert built(recipe_of(), market, store) == first
    with planned(recipe_of(), market, store, Prices(), QUIET) as (plan, _):
        assert in_words(plan) == "No model would be asked anything."
    assert server.came.total() == requests


def test_a_changed_prompt_image_or_model_asks_exactly_the_rows_that_the_plan_named(
    market: Path, server: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, raw = tmp_path / "store", tmp_path / "raw"
    shutil.copytree(market, raw)
    built(recipe_of(), raw, store)

    def again(recipe: Recipe) -> dict[str, int]:
        server.bodies.clear()
        with planned(recipe, raw, store, Prices(), QUIET) as (plan, images):
            named = {f"{each.request.prompt}{each.request.images}" for each in plan.missed}
            reasons = plan.lines[0].missed
            urls = len({images(each.request.images[0]) for each in plan.missed})
        built(recipe, raw, store)
        assert len(server.bodies) == len(named) == sum(reasons.values())
        assert len({body["messages"][0]["content"][0]["image_url"]["url"] for body in server.bodies}) == urls
        return reasons

    everything = len(server.bodies)
    path = sorted((raw / "Market-1501-v15.09.15" / "bounding_box_train").glob("*.jpg"))[-1]
    with Image.open(path) as picture:
        turned = picture.rotate(180)
    turned.save(path, quality=90)
    assert again(recipe_of()) == {"image": 1}
    ask = prompts.prompts("caption")["styles"]["static"]
    monkeypatch.setitem(ask, "ask", ["Say what this person looks like."])
    monkeypatch.setattr(describe, "_revision", lambda: "that of another prompt file")
    assert again(recipe_of()) == {"prompt": everything}
    assert again(recipe_of(revision="2")) == {"model": everything}


def test_a_budget_ends_a_build_and_the_next_one_goes_on(market: Path, server: Hostile, tmp_path: Path):
    store = tmp_path / "store"
    whole = built(recipe_of(), market, tmp_path / "other")
    requests = server.came.total()
    with pytest.raises(BudgetSpent, match="The budget of 20 requests is used up"):
        built(recipe_of(), market, store, budget="20 requests")
    assert server.came.total() == requests + 20
    assert built(recipe_of(), market, store, budget="5000 requests") == whole
    assert server.came.total() == 2 * requests


@pytest.mark.slow
def test_a_replay_elsewhere_gives_the_same_version_with_the_endpoint_off(
    market: Path, server: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = version(recipe_of(), market, tmp_path / "one")
    with GenerationStore(tmp_path / "one" / "generations") as generations:
        segment = generations.compact()
    assert segment is not None
    copy = tmp_path / "two" / "generations" / "segments" / segment.name
    copy.parent.mkdir(parents=True)
    shutil.copyfile(segment, copy)
    monkeypatch.delenv("REIDFORGE_MLLM_URL")
    assert version(recipe_of(), market, tmp_path / "two", replay=True) == first
    with pytest.raises(MissingGenerations, match="stored answers of kind caption"):
        built(recipe_of(), market, tmp_path / "three", replay=True)
    with pytest.raises(EndpointFault, match="No model endpoint is set"):
        built(recipe_of(), market, tmp_path / "three")


def test_batch_files_stand_in_for_an_endpoint(market: Path, server: Hostile, tmp_path: Path):
    online = built(recipe_of(), market, tmp_path / "online")
    store = tmp_path / "store"
    with planned(recipe_of(), market, store, Prices(), QUIET) as (plan, images):
        [path] = export_batch(store, as_batch(plan, None), images, tmp_path / "batch")
    said = "about a man in a dark jacket and blue jeans who carries a bag"
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    body = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}], "usage": usage}
    asked = [json.loads(line)["custom_id"] for line in path.read_text().splitlines()]
    lines = [json.dumps({"custom_id": key, "response": {"status_code": 200, "body": body}}) for key in reversed(asked)]
    (tmp_path / "done.jsonl").write_text("\n".join(lines))
    with GenerationStore(store / "generations") as generations:
        assert import_batch(store, tmp_path / "done.jsonl", generations).ok == len(asked)
    before = server.came.total()
    assert built(recipe_of(), market, store) == online
    assert server.came.total() == before


class Holding(Describing):
    """A server that answers as many requests as it has leave for; the others wait until the next round, and then get
    no answer any more: whoever asked them was killed."""

    def __init__(self) -> None:
        super().__init__(latency=0.02)
        self.round, self.leave = 0, 1 << 30

    def begin(self, leave: int) -> None:
        """A new round: so many answers."""
        self.bodies.clear()
        self.round, self.leave = self.round + 1, leave

    async def _misbehave(self, *asked: Any) -> bool:
        mine = self.round
        while self.round == mine and self.leave < 1:
            await asyncio.sleep(0.005)
        if self.round != mine:
            return False
        self.leave -= 1
        return await super()._misbehave(*asked)


@pytest.mark.slow
def test_a_build_killed_at_20_moments_sends_nothing_twice_that_was_committed(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Holding() as server:
        monkeypatch.setenv("REIDFORGE_MLLM_URL", server.url)
        whole = version(recipe_of(), market, tmp_path / "whole")
        everything = server.came.total()
        store = tmp_path / "store"
        children = multiprocessing.get_context("forkserver")
        children.set_forkserver_preload(["killed_build", "tasks.steps.describe", "tasks.steps.wanted"])
        given = (recipe_of().model_dump_json(), str(market), str(store), str(tmp_path / "digest"))
        for moment in range(20):
            committed = _committed(store, market)
            asking = moment < 15  # these are killed while they wait for answers, the others wherever they are
            server.begin(1 + moment % 3 if asking else 1 << 30)
            running = children.Process(target=killed_build.build, args=given)
            running.start()
            _wait(running, server, 1 + moment % 3 if asking else 1)
            time.sleep(0.37 * moment % 0.6)
            assert running.is_alive() or not asking
            running.kill()
            running.join()
            assert not {_picture(body) for body in server.bodies} & committed
        assert len(_committed(store, market)) > 0
        committed = _committed(store, market)
        server.begin(1 << 30)
        assert version(recipe_of(), market, store) == whole
        assert not {_picture(body) for body in server.bodies} & committed
        assert len(_committed(store, market)) == everything


def _wait(running: BaseProcess, server: Holding, answers: int) -> None:
    """Until the build was given so many answers in this round, or has ended."""
    leave, limit = server.leave, time.monotonic() + 600
    while running.is_alive() and leave - server.leave < answers and time.monotonic() < limit:
        time.sleep(0.01)


def _picture(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"][0]["image_url"]["url"])


def _committed(store: Path, market: Path) -> set[str]:
    """The pictures about which an answer is stored, as the server sees them."""
    if not (store / "generations").is_dir():
        return set()
    with GenerationStore(store / "generations") as generations:
        rows = [row for row in generations.every_row() if row.ordinal == 0 and row.about.model == "toy-vlm"]
    places = (row.about.subject.partition("#")[0].partition("/")[2] for row in rows)
    return {data_url((market / "Market-1501-v15.09.15" / place).read_bytes()) for place in places}


class Stumbling(Describing):
    """A server that refuses to speak of some pictures, and fails for others as long as it is told to."""

    failing = True

    def _fault(self, prompt: str) -> str:
        picture = seed_of(self.bodies[-1]["messages"][0]["content"][0]["image_url"]["url"])
        if picture % 16 == 0:
            return "refusal"
        return "error" if self.failing and picture % 16 == 1 else "none"


def test_rows_that_the_endpoint_failed_are_asked_by_the_next_build_and_refusals_are_not(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = tmp_path / "store"
    monkeypatch.setenv("REIDFORGE_MLLM_CONCURRENCY", "1")
    monkeypatch.setattr("generators.endpoint.asking.backoff", lambda *_: 0.0)
    with Stumbling() as server:
        monkeypatch.setenv("REIDFORGE_MLLM_URL", server.url)
        lacking = built(recipe_of(), market, store)
        failed, refused = server.met["error"] // MAX_TRIES, server.met["refusal"]
        assert failed > 0 < refused
        with planned(recipe_of(), market, store, Prices(), QUIET) as (plan, _):
            assert plan.lines[0].missed == {"failed": failed}
            assert plan.lines[0].given_up == {"refused": refused}
            assert f"{failed} failed before" in in_words(plan)
        server.failing = False
        asked = len(server.bodies)
        completed = built(recipe_of(), market, store)
        assert len(server.bodies) == asked + failed
        assert server.met["refusal"] == refused
        assert completed != lacking
        assert built(recipe_of(), market, store) == completed
        assert len(server.bodies) == asked + failed
        with planned(recipe_of(), market, store, Prices(), QUIET) as (plan, _):
            assert in_words(plan) == "No model would be asked anything."
        assert built(recipe_of(), market, tmp_path / "undisturbed") == completed


def test_rows_that_failed_three_times_stay_rejects(market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = tmp_path / "store"
    monkeypatch.setenv("REIDFORGE_MLLM_CONCURRENCY", "1")
    monkeypatch.setattr("generators.endpoint.asking.backoff", lambda *_: 0.0)
    with Stumbling() as server:
        monkeypatch.setenv("REIDFORGE_MLLM_URL", server.url)
        made = {built(recipe_of(), market, store) for _ in range(MAX_ATTEMPTS)}
        assert len(made) == 1
        asked = len(server.bodies)
        assert built(recipe_of(), market, store) in made
        assert len(server.bodies) == asked
        with planned(recipe_of(), market, store, Prices(), QUIET) as (plan, _):
            assert in_words(plan) == "No model would be asked anything."


def test_a_model_is_measured_by_a_first_chunk_and_then_asked_the_rest(
    market: Path, server: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(asking, "FIRST_ROWS", 20)
    sizes: list[list[int]] = []
    work = PlainRunner(1, Reporter(quiet=True))

    class Counting(PlainRunner):
        def map(self, step: str, calls: Any) -> list[Any]:
            sizes.append([chunk.stop - chunk.start for _, _, chunk, *_ in calls])
            return super().map(step, calls)

    ingests = work.map("ingest", [(tmp_path, "market1501", market)])
    ask_models(tmp_path, ingests, recipe_of(), Asking(), Counting(1, Reporter(quiet=True)))
    assert sizes == [[20], [server.came.total() - 20]]
    assert len(server.bodies) == server.came.total() > 40


def test_what_was_answered_unusably_is_not_paid_for_again_by_corrected_code(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Stumbling() as server:
        server.failing = False
        monkeypatch.setenv("REIDFORGE_MLLM_URL", server.url)
        built(recipe_of(), market, tmp_path)
        asked, refused = len(server.bodies), server.met["refusal"]
        monkeypatch.setattr(describe, "_revision", lambda: "that of a corrected parser")
        with planned(recipe_of(), market, tmp_path, Prices(), QUIET) as (plan, _):
            assert (plan.lines[0].missed, plan.lines[0].given_up) == ({}, {"refused": refused})
        built(recipe_of(), market, tmp_path)
        assert len(server.bodies) == asked


def test_purged_answers_are_asked_again_though_their_source_was_described(
    market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Stumbling() as server:
        server.failing = False
        monkeypatch.setenv("REIDFORGE_MLLM_URL", server.url)
        built(recipe_of(), market, tmp_path)
        asked, refused = len(server.bodies), server.met["refusal"]
        assert purge_answers(tmp_path, Choice(status="refused"), dry=True) == (refused, 0)
        with planned(recipe_of(), market, tmp_path, Prices(), QUIET) as (plan, _):
            assert plan.lines == []
        assert purge_answers(tmp_path, Choice(status="refused")) == (refused, 1)
        with planned(recipe_of(), market, tmp_path, Prices(), QUIET) as (plan, _):
            assert plan.lines[0].missed == {"new": refused}
        built(recipe_of(), market, tmp_path)
        assert len(server.bodies) == asked + refused


def test_steps_made_from_a_forgotten_one_are_forgotten_with_it_and_no_others(tmp_path: Path):
    def made(step: str, **inputs: Any) -> str:
        return run_step(tmp_path, step, inputs, lambda folder: {}).digest

    described, other = made("describe", models=["a"]), made("describe", models=["b"])
    composed, apart = made("compose", sources=[described, other]), made("compose", sources=[other])
    staged = made("stage", steps={"compose/X": composed})
    assert forget_steps(tmp_path, "describe", lambda inputs: "a" in inputs["models"]) == 3
    left = {json.loads(path.read_bytes())["digest"] for path in tmp_path.glob("steps/*/*/step.json")}
    assert left == {other, apart}
    assert not list(tmp_path.glob("steps/*/.draft-*"))
    assert staged == made("stage", steps={"compose/X": composed})
