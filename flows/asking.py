"""Asking models in a build: what is wanted is written down and asked chunk by chunk, under a budget."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.reporter import OnProgress, money
from flows.runner import Runner
from schemas.prices import Prices
from schemas.recipe import ModelChoice, Recipe
from tasks.generations.budget import Budget
from tasks.generations.chunks import FIRST_ROWS, Chunk, chunk_rows, write_chunks
from tasks.generations.client import Progress, Watch
from tasks.generations.prices import load_prices
from tasks.generations.store import GenerationStore
from tasks.steps.store import StepOutput
from tasks.steps.wanted import Wanted, wanted

_ROUNDS = 6
"""The most rounds of asking in one build. Four suffice: images come first, then the texts that came back, and a model
whose rate is not known yet begins each of the two with one small chunk. Two are spare."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How models are asked in a build: up to a budget as written, or (`replay`) not at all.

    `prices` is a price table's file; without one that of the recipe counts.
    """

    budget: str | None = None
    prices: Path | None = None
    replay: bool = False


AS_NEEDED = Asking()


def ask_models(store: Path, ingests: Sequence[StepOutput], recipe: Recipe, how: Asking, run: Runner) -> None:
    """Ask the models of a recipe everything that the store cannot answer. Raises BudgetSpent and EndpointFault."""
    if how.replay or not recipe.describe.models:
        return
    prices = load_prices(how.prices, recipe.prices)
    budget = _budget(store, recipe.describe.models, how.budget, prices)
    settled: set[str] = set()
    for _ in range(_ROUNDS):
        calls = list(_chunks(store, ingests, recipe, settled))
        if not calls:
            return
        with run.progress("generate") as show:
            board = Board(sum(chunk.stop - chunk.start for _, chunk in calls), prices, show)
            run.map("generate", [(store, done, chunk, budget, board.watch(chunk)) for done, chunk in calls])


def _budget(store: Path, models: Iterable[ModelChoice], written: str | None, prices: Prices) -> Budget | None:
    if written is None:
        return None
    with GenerationStore(store / "generations") as generations:
        return Budget.read(written, prices, generations.spent(), [choice.model for choice in models])


def _chunks(
    store: Path, ingests: Sequence[StepOutput], recipe: Recipe, settled: set[str]
) -> Iterable[tuple[StepOutput, Chunk]]:
    """What is asked next, source by source and model by model. Its keys join `settled`: a build asks for each once."""
    found: list[tuple[StepOutput, Chunk]] = []
    with GenerationStore(store / "generations") as generations:
        spent = generations.spent()
        begun: set[str] = set()
        for done in ingests:
            for each in wanted(store, done, recipe.describe, recipe.seed, generations, settled):
                rows = chunk_rows(spent, each.model.backend.model)
                keys = _next(each, rows, begun)
                settled.update(keys)
                requests = [each.requests[key] for key in keys]
                chunks = write_chunks(store, each.model.choice, requests, rows or FIRST_ROWS)
                found.extend((done, chunk) for chunk in chunks)
    return found


def _next(wanted: Wanted, rows: int | None, begun: set[str]) -> list[str]:
    """The open keys of a model; while its rate is not known (`rows` is None), one small chunk of them in all."""
    if rows is not None:
        return wanted.open
    if not wanted.open or wanted.model.full_name in begun:
        return []
    begun.add(wanted.model.full_name)
    return wanted.open[:FIRST_ROWS]


class Board:
    """Adds up what the chunks of a round tell, and says it in one line: done, running, rates, cost."""

    def __init__(self, total: int, prices: Prices, show: OnProgress) -> None:
        self._total = total
        self._prices = prices
        self._show = show
        self._lock = threading.Lock()
        self._told: dict[tuple[Path, int], tuple[str, Progress]] = {}
        self._times: dict[str, tuple[float, float]] = {}
        """When each model was first and last heard of: what a rented server is paid for."""
        self._begun = time.monotonic()

    def watch(self, chunk: Chunk) -> Watch:
        """The callback by which a chunk reports its progress."""

        def tell(progress: Progress) -> None:
            with self._lock:
                name, now = chunk.model.model, time.monotonic()
                self._told[(chunk.path, chunk.start)] = (name, progress)
                self._times[name] = (self._times.get(name, (now, now))[0], now)
                done, words = self._line()
            self._show(done, self._total, words)

        return tell

    def _line(self) -> tuple[int, str]:
        whole = Progress(0, 0)
        for _, told in self._told.values():
            whole = whole.plus(told)
        back = whole.done + whole.rejected + whole.failed
        seconds = max(time.monotonic() - self._begun, 1e-3)
        words = f"{whole.running} running, {whole.rejected} rejected, {whole.failed} failed, "
        words += f"{(whole.prompt_tokens + whole.completion_tokens) / seconds:,.0f} tokens/s"
        return back + whole.hits, words + self._money(back, self._total - whole.hits)

    def _money(self, back: int, whole: int) -> str:
        """What was spent and what that makes of the whole; models without a price are named."""
        costs, unpriced = 0.0, set()
        for model, told in self._told.values():
            cost = self._prices.cost(model, told.prompt_tokens, told.completion_tokens)
            costs += cost or 0.0
            unpriced |= {model} if cost is None else set()
        for model, (first, last) in self._times.items():
            costs += self._prices.cost(model, 0, 0, last - first) or 0.0
        if unpriced >= {model for model, _ in self._told.values()}:
            return ""
        if unpriced:
            return f", {money(costs)} {self._prices.currency} without {', '.join(sorted(unpriced))}"
        expected = f" of about {money(costs * whole / back)}" if 0 < back < whole else ""
        return f", {money(costs)}{expected} {self._prices.currency}"
