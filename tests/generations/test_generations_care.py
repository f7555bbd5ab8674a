"""Looking after the store: figures, checks, removal, sharing, batch files, a full disk, many keys."""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.backend import Answer, Backend, Request
from schemas.errors import BadTable, WrongUse
from schemas.keys import digest
from schemas.prices import Prices
from tasks.generations.about import about
from tasks.generations.batches import Asked, export_batch, import_batch
from tasks.generations.client import answer
from tasks.generations.key import request_key
from tasks.generations.maintenance import Choice, bring_in, export, purge, stats, verify
from tasks.generations.plan import Planner
from tasks.generations.prices import load_prices
from tasks.generations.store import GenerationStore

TOY = Backend(title="toy", model="toy", revision="1")


def ask(name: str, prompt: str = "Describe.", **more: object) -> Request:
    given = {"kind": "caption", "images": (digest(name),), "model": "toy", "revision": "1", "subject": f"toy/{name}"}
    return Request(prompt=prompt, prompt_id="toy/1", **(given | more))


def fill(store: GenerationStore, requests: list[Request], text: str = "said", status: str = "ok") -> None:
    given = {request_key(each, "raw"): Answer(text=f"{text} {each.subject}", status=status) for each in requests}
    store.put(given, {request_key(each, "raw"): about(each, "raw") for each in requests}, wall=1.0)


@pytest.fixture
def store(tmp_path: Path):
    with GenerationStore(tmp_path / "generations") as opened:
        fill(opened, [ask("a"), ask("b")])
        opened.compact()
        fill(opened, [ask("c")])
        fill(opened, [ask("d")], "", "refused")
        yield opened


def texts(store: GenerationStore) -> set[str]:
    return {row.text for row in store.every_row() if row.ordinal == 0}


def test_figures_count_the_log_and_the_segments(store: GenerationStore):
    found = stats(store)
    assert (found["rows"], found["in_log"], found["segments"], found["asked"]) == (4, 2, 1, 4)
    assert found["by_status"] == {"ok": 3, "refused": 1}
    assert found["by_model"] == {"toy": 4}


def test_a_whole_store_verifies_and_damage_is_named(store: GenerationStore):
    assert verify(store) == []
    [segment] = store.segments.all()
    segment.path.write_bytes(segment.path.read_bytes()[:-10] + b"0123456789")
    assert "its content is not what its name says" in verify(store)[0]


def test_two_answers_to_one_key_are_told(store: GenerationStore, tmp_path: Path):
    with GenerationStore(tmp_path / "other") as other:
        fill(other, [ask("a")], "something else")
        foreign = export(other, tmp_path / "shared", Choice())
    assert foreign is not None
    (store.segments.folder / foreign.name).write_bytes(foreign.read_bytes())
    [problem] = verify(store)
    assert "has different answers in two places" in problem


def test_purging_removes_what_is_meant_from_log_and_segments_and_nothing_else(store: GenerationStore):
    assert purge(store, Choice(subject="toy/a"), dry=True) == 1
    assert purge(store, Choice(subject="toy/a")) == 1
    assert texts(store) == {"said toy/b", "said toy/c"}
    assert purge(store, Choice(status="refused")) == 1
    assert purge(store, Choice(model="other")) == 0
    assert purge(store, Choice(kind="caption")) == 2
    assert stats(store)["rows"] == 0
    assert stats(store)["asked"] == 4
    with pytest.raises(WrongUse, match="Say what to purge"):
        purge(store, Choice())


def test_merging_everything_leaves_one_segment_with_every_row(store: GenerationStore):
    before = set(store.every_row())
    store.compact(everything=True)
    assert len(store.segments.all()) == 1
    assert set(store.every_row()) == before
    assert store.compact(everything=True) is None


def test_shared_answers_are_taken_over_and_our_own_stay(store: GenerationStore, tmp_path: Path):
    with GenerationStore(tmp_path / "other") as other:
        fill(other, [ask("a"), ask("e")], "theirs")
        export(other, tmp_path / "shared", Choice())
    assert bring_in(store, tmp_path / "shared") == 1
    assert texts(store) == {"said toy/a", "said toy/b", "said toy/c", "theirs toy/e"}
    assert bring_in(store, tmp_path / "shared") == 0
    assert verify(store) == []


def test_foreign_files_that_are_no_segments_are_refused(store: GenerationStore, tmp_path: Path):
    path = export(store, tmp_path / "shared", Choice(kind="caption"))
    assert path is not None
    (tmp_path / "text.parquet").write_text("no")
    path.rename(path.with_name("renamed.parquet"))
    for wrong in (tmp_path / "text.parquet", path.with_name("renamed.parquet"), tmp_path / "nothing.parquet"):
        with pytest.raises(BadTable):
            bring_in(store, wrong)
    assert export(store, tmp_path / "none", Choice(model="other")) is None


def test_a_plan_names_every_missed_row_with_what_changed(store: GenerationStore):
    planner = Planner(store, Prices())
    planner.add(TOY, "raw", [ask("a"), ask("b", prompt="Say more."), ask("new"), ask("d")])
    planner.add(TOY, "raw", [ask("c", images=(digest("other bytes"),)), ask("c", seed=5)])
    [line] = planner.lines()
    assert (line.rows, line.hit, line.given_up) == (6, 1, {})
    assert line.missed == {"prompt": 1, "new": 1, "image": 1, "parameters": 1, "refused": 1}
    newer = Planner(store, Prices())
    newer.add(Backend(title="toy", model="toy", revision="2"), "raw", [ask("a"), ask("b", prompt="x")])
    assert newer.lines()[0].missed == {"model": 1, "prompt+model": 1}
    bounded = Planner(store, Prices())
    bounded.add(TOY, "raw", [ask("a", response_schema="{}")])
    assert [missed.reason for missed in bounded.missed()] == ["schema"]


def test_a_second_model_is_new_and_not_a_change_of_the_first(store: GenerationStore):
    planner = Planner(store, Prices())
    planner.add(TOY, "raw", [ask("a")])
    planner.add(Backend(title="toy", model="second"), "raw", [ask("a", model="second")])
    assert {line.model: line.missed for line in planner.lines()} == {"toy": {}, "second": {"new": 1}}


def test_what_a_plan_names_is_exactly_what_is_asked(store: GenerationStore):
    wanted = [ask("a"), ask("b", prompt="Say more."), ask("c"), ask("new"), ask("d")]
    planner = Planner(store, Prices())
    planner.add(TOY, "raw", wanted)
    named = [missed.key for missed in planner.missed()]
    asked: list[str] = []

    def generate(requests):
        asked.extend(request_key(request, "raw") for request in requests)
        return (Answer(text="x") for _ in requests)

    answer(wanted, Backend(title="toy", model="toy", revision="1", generate=generate), store)
    assert asked == named
    after = Planner(store, Prices())
    after.add(TOY, "raw", wanted)
    assert after.missed() == []
    assert len(asked) == 3


def test_estimates_use_measured_means_and_prices(store: GenerationStore, tmp_path: Path):
    (tmp_path / "prices.yaml").write_text("models: {'to*': {prompt: 2, completion: 10, per_hour: 36}}")
    measured = {digest(n): Answer(text="x", prompt_tokens=300, completion_tokens=100) for n in range(4)}
    store.put(measured, {key: about(ask("m", kind="attributes"), "raw") for key in measured}, wall=2.0)
    planner = Planner(store, load_prices(tmp_path / "prices.yaml"))
    planner.add(TOY, "raw", [ask(f"new{n}", kind="attributes") for n in range(10)])
    planner.add(TOY, "raw", [ask("unmeasured", kind="claims")])
    measured_line, guessed = planner.lines()
    estimate = measured_line.estimate
    assert estimate is not None
    assert (estimate.prompt_tokens, estimate.completion_tokens, estimate.seconds) == (3_000, 1_000, 5.0)
    assert estimate.cost == pytest.approx((3_000 * 2 + 1_000 * 10) / 1e6 + 36 * 5 / 3_600)
    assert guessed.estimate is not None
    assert not guessed.estimate.measured
    assert guessed.estimate.prompt_tokens > 256


@pytest.mark.parametrize("text", ["models: 3", "models: {a: {promt: 1}}", "models: {a: {prompt: -1}}", "a: [", "- 1"])
def test_a_price_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str):
    (tmp_path / "prices.yaml").write_text(text)
    with pytest.raises(WrongUse, match="price table"):
        load_prices(tmp_path / "prices.yaml")


def results(*lines: object) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


def done(key: str, text: str, finish: str = "stop") -> dict[str, object]:
    body = {"choices": [{"message": {"content": text}, "finish_reason": finish}], "usage": {"prompt_tokens": 7}}
    return {"custom_id": key, "response": {"status_code": 200, "body": body}, "error": None}


def test_batch_files_go_out_and_answers_come_back_in_any_order_and_more_than_once(tmp_path: Path):
    requests = [ask(name, response_schema='{"type":"object"}' if name == "c" else None) for name in "abcdef"]
    asked = [Asked(request_key(each, "raw"), each, "raw") for each in requests]
    images = {digest(name): b"\xff\xd8\xff" + name.encode() for name in "abcde"}
    [path] = export_batch(tmp_path, asked, images.__getitem__, tmp_path / "out" / "batch.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert path.name == "batch-001.jsonl"
    assert [line["custom_id"] for line in lines] == [each.key for each in asked[:5]]
    assert lines[0]["body"]["messages"][0]["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    a, b, c, d, e = (each.key for each in asked[:5])
    failed = {"custom_id": e, "response": {"status_code": 500, "body": None}, "error": {"code": "server_error"}}
    (tmp_path / "results.jsonl").write_bytes(
        results(
            done(c, "no json"), done(b, "B"), b"{torn", done(a, "A"), done(b, "B again"), done("f" * 64, "stranger")
        )
        + results(done(d, "cut", "length"), failed)
    )
    with GenerationStore(tmp_path / "generations") as store:
        counted = import_batch(tmp_path, tmp_path / "results.jsonl", store)
        assert (counted.stored, counted.ok, counted.rejected) == (4, 2, 2)
        assert (counted.repeated, counted.unknown, counted.unreadable, counted.unanswered) == (1, 1, 1, 1)
        assert {key: given.text for key, given in store.get([a, b, c, d, e]).items()} == {a: "A", b: "B"}
        assert {key: [t.status for t in tries] for key, tries in store.attempts([c, d]).items()} == {
            c: ["invalid"],
            d: ["truncated"],
        }
        again = import_batch(tmp_path, tmp_path / "results.jsonl", store)
        assert (again.stored, again.repeated) == (0, 5)


def test_a_result_file_without_any_answer_that_was_asked_for_is_refused(tmp_path: Path):
    (tmp_path / "results.jsonl").write_bytes(results(b"\x00garbage", {"custom_id": 3}, done("f" * 64, "stranger")))
    with GenerationStore(tmp_path / "generations") as store:
        with pytest.raises(BadTable, match=r"holds no answer .*: 2 lines are no results, 1 are to requests"):
            import_batch(tmp_path, tmp_path / "results.jsonl", store)
        assert stats(store)["rows"] == 0


FULL = """
import sys
from pathlib import Path
from schemas.backend import Answer
from schemas.errors import NotWritable
from schemas.keys import digest
from tasks.generations.store import GenerationStore
with GenerationStore(Path(sys.argv[1])) as store:
    for group in range(1000):
        try:
            store.put({digest([group, n]): Answer(text="x" * 500) for n in range(100)})
        except NotWritable as error:
            print(group, "cannot be written" in str(error))
            break
"""


def test_a_full_disk_is_said_and_what_was_committed_is_kept(tmp_path: Path):
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=small_files)
    group, said = done.stdout.split()
    assert said == "True"
    assert int(group) > 2
    with GenerationStore(tmp_path) as store:
        kept = store.known([digest([g, n]) for g in range(int(group)) for n in range(100)])
        assert kept.ok.all()
        assert not store.known([digest([int(group), n]) for n in range(100)]).ok.any()


def test_many_keys_are_looked_up_at_once_in_the_log_and_in_segments(tmp_path: Path):
    with GenerationStore(tmp_path) as store:
        store.put({digest(n): Answer(text="x") for n in range(0, 4_000, 2)})
        store.compact()
        store.put({digest(n): Answer(text="", status="refused") for n in range(1, 4_000, 4)})
        store.put({digest(n): Answer(text="", status="refused") for n in range(1, 2_000, 4)})
        known = store.known([digest(n) for n in range(5_000)])
        assert known.ok.tolist() == [n < 4_000 and n % 2 == 0 for n in range(5_000)]
        assert known.tries.tolist() == [0 if n >= 4_000 or n % 4 != 1 else 2 if n < 2_000 else 1 for n in range(5_000)]
        assert store.known([]).ok.tolist() == []
        with pytest.raises(ValueError, match="hex"):
            store.known(["no key"])
