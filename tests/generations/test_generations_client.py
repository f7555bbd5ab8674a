"""Asking through the store: misses only, once each, in order; replays; stops."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.backend import Answer, Backend, Request
from schemas.errors import MissingGenerations
from schemas.stopping import ask_to_stop, go_on
from tasks.generations.client import answer
from tasks.generations.store import GenerationStore


class Model:
    """A backend that counts what it is asked; prompts that hold `no` are refused, `stop` breaks the connection."""

    def __init__(self, revision: str = "1") -> None:
        self.asked: list[str] = []
        self.backend = Backend(title="toy", model="toy", revision=revision, generate=self._generate)

    def _generate(self, requests: Sequence[Request]) -> Iterator[Answer]:
        for request in requests:
            if request.prompt == "stop":
                raise ConnectionError(request.prompt)
            self.asked.append(request.prompt)
            refused = "no" in request.prompt
            yield Answer(text=request.prompt.upper(), status="refused" if refused else "ok")


def ask(prompt: str) -> Request:
    return Request(kind="caption", prompt=prompt, prompt_id="toy")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GenerationStore]:
    with GenerationStore(tmp_path) as opened:
        yield opened


def texts(given: Sequence[tuple[str, Answer]]) -> list[str]:
    return [answered.text for _, answered in given]


def test_answers_come_in_the_order_of_requests_and_repeated_requests_are_asked_once(store: GenerationStore):
    model = Model()
    assert texts(answer([ask("b"), ask("a"), ask("b")], model.backend, store)) == ["B", "A", "B"]
    assert model.asked == ["b", "a"]


def test_stored_answers_are_not_asked_again_until_the_model_changes(store: GenerationStore):
    answer([ask("a")], Model().backend, store)
    again, newer = Model(), Model(revision="2")
    answer([ask("a"), ask("b")], again.backend, store)
    answer([ask("a")], newer.backend, store)
    assert (again.asked, newer.asked) == (["b"], ["a"])


def test_a_refusal_is_asked_again_until_it_was_tried_often_enough(store: GenerationStore):
    model = Model()
    for _ in range(5):
        given = answer([ask("no")], model.backend, store, max_attempts=3)
    assert [answered.status for _, answered in given] == ["refused"]
    assert model.asked == ["no"] * 3


def test_a_replay_asks_nothing_and_repeats_refusals(store: GenerationStore):
    requests = [ask("a"), ask("no")]
    first = answer(requests, Model().backend, store)
    model = Model()
    assert answer(requests, model.backend, store, replay=True) == first
    assert model.asked == []


def test_a_replay_that_lacks_answers_says_how_many(store: GenerationStore):
    answer([ask("a")], Model().backend, store)
    with pytest.raises(MissingGenerations, match="lacks 7 stored answers of kind caption") as raised:
        answer([ask("a"), *(ask(str(n)) for n in range(7))], Model().backend, store, replay=True)
    assert len(raised.value.problems) == 6
    assert raised.value.problems[-1] == "and 2 more"


def test_what_came_before_a_broken_connection_is_kept(store: GenerationStore):
    model = Model()
    with pytest.raises(ConnectionError):
        answer([ask("a"), ask("b"), ask("stop")], model.backend, store)
    again = Model()
    answer([ask("a"), ask("b")], again.backend, store)
    assert again.asked == []


def test_the_key_is_that_of_the_request_as_it_was_asked(store: GenerationStore):
    model = Model()
    [first] = answer([ask("a")], model.backend, store)
    [same] = answer([replace(ask("a"), model="toy", revision="1")], model.backend, store)
    assert first.key == same.key
    assert store.get([first.key]) == {first.key: first.answer}


def test_answers_that_came_before_it_was_asked_to_stop_are_kept(store: GenerationStore):
    model = Model()

    def generate(requests: Sequence[Request]) -> Iterator[Answer]:
        for number, given in enumerate(model.backend.generate(requests)):
            if number == 2:
                ask_to_stop()
            yield given

    stopped = replace(model.backend, generate=generate)
    try:
        with pytest.raises(KeyboardInterrupt):
            answer([ask(prompt) for prompt in "abcd"], stopped, store)
    finally:
        go_on()
    assert model.asked == ["a", "b", "c"]
    answer([ask(prompt) for prompt in "abcd"], model.backend, store)
    assert model.asked == ["a", "b", "c", "d"]
