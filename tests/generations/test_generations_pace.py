"""How much is asked at a time: the window, limits per minute, waits, and what is said meanwhile."""

import asyncio
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.asking import Board
from generators.endpoint.pace import Bucket, Pause, Window, backoff, retry_after
from generators.endpoint.parts import shown_parts
from schemas.backend import Turn
from schemas.errors import BadTable
from schemas.prices import Price, Prices
from schemas.recipe import ModelChoice
from tasks.generations.chunks import Chunk, chunk_rows
from tasks.generations.client import Progress
from tasks.generations.spending import Spent


async def rounds(window: Window, outcomes: list[bool]) -> list[int]:
    """The width after each round of equal outcomes."""
    widths = []
    for congested in outcomes:
        for _ in range(window.width):
            await window.enter()
            window.leave(congested)
        widths.append(window.width)
    return widths


def test_the_window_doubles_until_the_first_congestion_then_grows_by_one_and_halves():
    found = asyncio.run(rounds(Window(100), [False, False, True, False, False, True, True]))
    assert found == [32, 64, 32, 33, 34, 17, 8]


def test_the_window_keeps_its_bounds():
    assert asyncio.run(rounds(Window(40), [False] * 3))[-1] == 40
    assert asyncio.run(rounds(Window(4), [True] * 5)) == [2, 1, 1, 1, 1]


def test_no_more_than_the_window_are_let_in_and_places_go_on():
    async def run() -> int:
        window = Window(3)
        most = 0

        async def one() -> None:
            nonlocal most
            await window.enter()
            most = max(most, window.running)
            await asyncio.sleep(0)
            window.leave(congested=False)

        await asyncio.gather(*(one() for _ in range(50)))
        assert window.running == 0
        return most

    assert asyncio.run(run()) == 3


def test_a_limit_per_minute_lets_a_burst_through_and_then_its_rate():
    now = [0.0]
    bucket = Bucket(60, lambda: now[0])
    assert [bucket.take(1) for _ in range(4)] == [0, 0, 1, 2]
    now[0] = 10
    assert bucket.take(1) == 0
    assert Bucket(None, lambda: 0.0).take(1e9) == 0
    tokens = Bucket(6_000, lambda: now[0])
    assert tokens.take(500) == 3
    assert tokens.take(-300) == 0


def test_a_pause_counts_for_everybody_and_is_not_shortened():
    now = [5.0]
    pause = Pause(lambda: now[0])
    pause.extend(3)
    pause.extend(1)
    assert pause.left() == 3
    now[0] = 9
    assert pause.left() == 0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0.5", 0.5),
        (None, 0),
        ("soon", 0),
        ("-3", 0),
        ("inf", 0),
        ("nan", 0),
        (formatdate(1_060, usegmt=True), 60),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float):
    assert retry_after(header, 1_000) == seconds


@given(st.integers(1, 12), st.integers(0, 10_000))
def test_waits_double_up_to_half_a_minute_with_jitter(tries: int, place: int):
    longest = min(30.0, 0.5 * 2 ** (tries - 1))
    assert longest / 2 <= backoff(0.5, tries, place) <= longest
    assert backoff(0.5, tries, place) == backoff(0.5, tries, place)


def test_pictures_stand_at_their_marks_or_before_the_first_text():
    asked = [Turn("user", "[[image:2]] then [[image:1]]"), Turn("assistant", "[[image:9]]"), Turn("user", "why?")]
    assert list(shown_parts(asked, 2)) == [[1, " then ", 0], ["[[image:9]]"], ["why?"]]
    assert list(shown_parts([Turn("user", "a"), Turn("user", "b")], 2)) == [[0, 1, "a"], ["b"]]
    assert list(shown_parts([Turn("user", "[[image:1]]")], 0)) == [["[[image:1]]"]]
    with pytest.raises(BadTable, match="marks image 3, but its request shows 2"):
        list(shown_parts([Turn("user", "[[image:3]]")], 2))


def test_the_line_adds_up_chunks_and_costs_what_has_a_price():
    shown: list[tuple[int, int, str]] = []
    board = Board(100, Prices(models={"a": Price(prompt=1_000)}), lambda *line: shown.append(line))
    first, second = (Chunk(Path("x"), start, start + 50, ModelChoice(model="a")) for start in (0, 50))
    board.watch(first)(Progress(50, 10, done=5, rejected=2, failed=1, running=3, sent=9, prompt_tokens=2_000))
    board.watch(second)(Progress(50, 0, done=1, running=4, sent=1, prompt_tokens=500))
    done, total, words = shown[-1]
    assert (done, total) == (19, 100)
    assert words.startswith("7 running, 2 rejected, 1 failed, ")
    assert words.endswith("tokens/s, 2.50 of about 25.00 USD")
    board.watch(Chunk(Path("y"), 0, 1, ModelChoice(model="unpriced")))(Progress(1, 0))
    assert shown[-1][2].endswith("tokens/s, 2.50 USD without unpriced")
    board.watch(first)(Progress(50, 10, done=40, prompt_tokens=2_000))
    board.watch(second)(Progress(50, 0, done=50, prompt_tokens=500))
    assert shown[-1][:2] == (100, 100)


def test_a_line_without_prices_says_nothing_of_money_and_a_rented_server_costs_its_time(
    monkeypatch: pytest.MonkeyPatch,
):
    shown: list[tuple[int, int, str]] = []
    chunk = Chunk(Path("x"), 0, 10, ModelChoice(model="a"))
    Board(10, Prices(), lambda *line: shown.append(line)).watch(chunk)(Progress(10, 0, done=10))
    assert shown[-1][2].endswith("tokens/s")
    clock = iter([0.0, 10.0, 10.0, 1_810.0, 1_810.0])
    monkeypatch.setattr("flows.asking.time.monotonic", lambda: next(clock))
    rented = Board(10, Prices(models={"a": Price(per_hour=3)}), lambda *line: shown.append(line))
    rented.watch(chunk)(Progress(10, 0))
    rented.watch(chunk)(Progress(10, 0, done=10))
    assert shown[-1][2].endswith(", 1.50 USD")


def test_a_chunk_is_a_minute_of_work_within_bounds():
    def spent(model: str, requests: int, wall: float) -> Spent:
        return Spent(model, "", "caption", "", requests, wall=wall)

    asked = [spent("a", 900, 60.0), spent("a", 900, 60.0), spent("b", 10**6, 60.0), spent("c", 1, 60.0)]
    asked.append(spent("imported", 50, 0.0))
    assert [chunk_rows(asked, model) for model in ("a", "b", "c", "imported", "new")] == [900, 40_000, 500, None, None]
