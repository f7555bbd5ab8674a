"""Removing stored answers so that the next build asks again, with the descriptions that were made of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from schemas.backend import full_name
from tasks.generations.maintenance import Choice, purge_rows
from tasks.generations.segments import Row
from tasks.generations.store import GenerationStore
from tasks.steps.store import forget_steps


class Purged(NamedTuple):
    """How many answers went, and how many steps that rest on answers of their models."""

    answers: int
    steps: int


def purge_answers(store: Path, choice: Choice, dry: bool = False) -> Purged:
    """Remove the answers of a build store that fit, and every step made of what their models said.

    A model may answer otherwise the next time, so nothing that rests on the old answers may stay under their name. The
    next build makes those steps again from the answers that are left, and asks only for what was removed.
    With `dry` nothing is removed, and answers are counted. Raises WrongUse for a choice of everything.
    """
    models: set[str] = set()

    def meant(row: Row) -> bool:
        fits = choice.fits(row)
        if fits:
            models.add(full_name(row.about.model, row.about.revision))
        return fits

    def described(inputs: Mapping[str, Any]) -> bool:
        return not models.isdisjoint(inputs["models"])

    choice.check()
    with GenerationStore(store / "generations") as generations:
        answers = purge_rows(generations, meant, dry)
    return Purged(answers, 0 if dry else forget_steps(store, "describe", described))
