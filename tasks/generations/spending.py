"""What was asked and what it cost, by model, kind and prompt: the measured means that plans and budgets rest on."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.backend import Answer
from tasks.generations.about import About


class Spent(NamedTuple):
    """Sums over requests: how many, how many `ok`, sendings with retries and repairs, tokens, seconds in flight.

    `wall` is the time during which they were asked, so that requests / wall is the endpoint's rate as it was used.
    """

    model: str
    revision: str
    kind: str
    prompt_id: str
    requests: int = 0
    ok: int = 0
    sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    wall: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, other: "Spent") -> "Spent":
        """Both together, under the names of the first."""
        return self._replace(
            requests=self.requests + other.requests,
            ok=self.ok + other.ok,
            sent=self.sent + other.sent,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
            wall=self.wall + other.wall,
        )


def spent_on(answers: Iterable[tuple[About, Answer]], wall: float = 0.0) -> list[Spent]:
    """What some answers cost; the wall time is shared out by their numbers."""
    sums: dict[tuple[str, ...], Spent] = {}
    for about, answer in answers:
        names = (about.model, about.revision, about.kind, about.prompt_id)
        cost = (answer.sent, answer.prompt_tokens, answer.completion_tokens, answer.seconds)
        one = Spent(*names, 1, int(answer.status == "ok"), *cost)
        sums[names] = sums[names].plus(one) if names in sums else one
    total = sum(each.requests for each in sums.values())
    return [each._replace(wall=wall * each.requests / total) for each in sums.values()]


def total(spent: Iterable[Spent]) -> Spent:
    """Everything together."""
    whole = Spent("", "", "", "")
    for each in spent:
        whole = whole.plus(each)
    return whole
