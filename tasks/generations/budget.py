"""A budget for a build: money, tokens or requests. It is kept by what the store has committed plus what is in flight.

Every process of a build reads the same store, so they keep one budget together; what may be spent beyond it is at most
what was in flight unseen.
"""

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from schemas.backend import Answer, Request
from schemas.errors import BudgetSpent, WrongUse
from schemas.prices import Prices
from tasks.generations.spending import Spent

_WRITTEN = re.compile(r"\A(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>tokens|requests)?\Z")
_UNMEASURED = (800, 120)
"""Prompt and completion tokens that a request is taken for before any was measured."""


class Ledger:
    """What the meters of one budget count together: in the store, back but not stored yet, and how many in flight."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.spent = self.uncommitted = 0.0
        self.running = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What a build may spend: an amount of `money` (by a price table), `tokens` or `requests`.

    `before` is what the store had spent when the build began; `ledger` is shared by all who spend of this budget.
    """

    amount: float
    unit: str
    prices: Prices = field(default_factory=Prices)
    before: float = 0.0
    ledger: Ledger = field(default_factory=Ledger, compare=False, repr=False)

    @classmethod
    def read(cls, written: str, prices: Prices, spent: Sequence[Spent], models: Iterable[str]) -> "Budget":
        """A budget as a person writes it: `2.50`, `200000 tokens`, `500 requests`; it begins now.

        Raises WrongUse for anything else, and for money when one of the models that may be asked has no price.
        """
        found = _WRITTEN.match(written.strip())
        if found is None:
            raise WrongUse(f"The budget {written!r} is no budget: write 2.50, '200000 tokens' or '500 requests'.")
        unit = found["unit"] or "money"
        unpriced = sorted({model for model in models if prices.of(model) is None}) if unit == "money" else []
        if unpriced:
            raise WrongUse(
                f"A budget of money needs prices, and there are none for {', '.join(map(repr, unpriced))}: add them to "
                "a price table and give it as --prices, or give the budget as '200000 tokens' or '500 requests'."
            )
        empty = cls(float(found["amount"]), unit, prices)
        return cls(empty.amount, unit, prices, empty.sum(spent))

    def sum(self, spent: Iterable[Spent]) -> float:
        """What was spent, in the budget's unit."""
        return sum(self._one(each) for each in spent)

    def _one(self, spent: Spent) -> float:
        if self.unit == "requests":
            return float(spent.sent)
        if self.unit == "tokens":
            return float(spent.tokens)
        return self.prices.cost(spent.model, spent.prompt_tokens, spent.completion_tokens, spent.wall) or 0.0

    def words(self, amount: float) -> str:
        """An amount in the budget's unit."""
        if self.unit != "money":
            return f"{amount:,.0f} {self.unit}"
        return f"{amount:,.{2 if amount >= 1 else 4}f} {self.prices.currency}"


class Meter:
    """Counts what is asked, and gives leave for it; shared by the thread that sends and the one that commits.

    Meters of one budget draw on it together.
    """

    def __init__(self, budget: Budget | None, read_spent: Callable[[], Sequence[Spent]]) -> None:
        self._budget = budget
        self._ledger = budget.ledger if budget else Ledger()
        self._read = read_spent
        self._expected: dict[tuple[str, str], float] = {}
        self._uncommitted = 0.0
        self.sent = self.back = self._settled = 0
        self.stopped = False
        self.committed()

    @property
    def running(self) -> int:
        """How many requests are in flight."""
        return self.sent - self.back

    def unsettled(self) -> int:
        """How many of the requests that were given leave are in flight, or back and not committed."""
        return self.sent - self._settled

    def may_send(self, request: Request) -> bool:
        """Leave to send a request: whether what was spent and what is in flight leave room for it."""
        ledger, budget = self._ledger, self._budget
        with ledger.lock:
            expected = self._expects(request)
            if budget and ledger.spent + ledger.uncommitted + (ledger.running + 1) * expected > budget.amount:
                self.stopped = True
                return False
            self.sent += 1
            ledger.running += 1
            return True

    def came(self, request: Request, answer: Answer) -> None:
        """An answer came; it is paid for, but not yet committed."""
        with self._ledger.lock:
            self.back += 1
            self._ledger.running -= 1
            if self._budget:
                cost = (1, 1, answer.sent, answer.prompt_tokens, answer.completion_tokens, answer.seconds)
                paid = self._budget.sum([Spent(request.model, "", request.kind, "", *cost)])
                self._uncommitted += paid
                self._ledger.uncommitted += paid

    def committed(self) -> None:
        """All that came is committed: it is now in the store's own sums, which other processes add to as well."""
        with self._ledger.lock:
            self._settled = self.back
            if self._budget is None:
                return
            spent = self._read()
            self._ledger.spent = max(self._ledger.spent, self._budget.sum(spent) - self._budget.before)
            self._ledger.uncommitted -= self._uncommitted
            self._uncommitted = 0.0
            self._expected = _means(spent, self._budget)

    def ended(self) -> None:
        """Nothing more is sent; what was in flight and never came back is no longer waited for."""
        with self._ledger.lock:
            self._ledger.running -= self.running
            self.back = self.sent

    def _expects(self, request: Request) -> float:
        if self._budget is None:
            return 0.0
        name = (request.model, request.kind)
        if name not in self._expected:
            self._expected[name] = self._budget.sum([Spent(request.model, "", request.kind, "", 1, 1, 1, *_UNMEASURED)])
        return self._expected[name]

    def refusal(self, left: int) -> BudgetSpent:
        """The error that ends a build at its budget."""
        budget = self._budget or Budget(0, "requests")
        spent = budget.words(self._ledger.spent)
        return BudgetSpent(
            f"The budget of {budget.words(budget.amount)} is used up ({spent} spent): {left:,} "
            "requests of this step are still to be asked. What was answered is stored; build again with a new --budget "
            "to go on from there."
        )


def _means(spent: Sequence[Spent], budget: Budget) -> dict[tuple[str, str], float]:
    """What a request of a model and kind costs on average, in the budget's unit."""
    sums: dict[tuple[str, str], Spent] = {}
    for each in spent:
        name = (each.model, each.kind)
        sums[name] = sums[name].plus(each) if name in sums else each
    return {name: budget.sum([each]) / each.requests for name, each in sums.items() if each.requests}
