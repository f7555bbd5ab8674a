"""What a recipe says of question families, held against what they can use: faults are told before any work begins."""

from collections.abc import Iterator
from difflib import get_close_matches

from schemas.discovery import find, names
from schemas.question import OPTIONS_OF_ALL, Question
from schemas.recipe import Family, Recipe
from schemas.vocabulary import MODALITIES

_PACKAGE = "generators.questions"


def unusable(recipe: Recipe) -> list[str]:
    """A sentence for each family, option or share of a recipe that nothing could follow, with what there is instead."""
    known = [name.upper() for name in names(_PACKAGE)]
    found: list[str] = []
    for family, quota in sorted(recipe.families.items()):
        if family not in known:
            found.append(f"families.{family}: no such family.{_near(family.upper(), known)} Known: {', '.join(known)}.")
        else:
            found += [*_options(family, quota), *_shares(family, quota, recipe)]
    return found


def _options(family: str, quota: Family) -> Iterator[str]:
    """Options that the family has no use for; it is looked at only where one is not everybody's."""
    special = sorted(set(quota.options) - set(OPTIONS_OF_ALL))
    if not special:
        return
    question: Question = find(_PACKAGE, "QUESTION", family.lower())
    accepted = sorted({*question.options, *OPTIONS_OF_ALL})
    for option in special:
        if option not in accepted:
            told = f"{family} has no use for this option.{_near(option, accepted)} It takes: {', '.join(accepted)}."
            yield f"families.{family}.options.{option}: {told}"


def _shares(family: str, quota: Family, recipe: Recipe) -> Iterator[str]:
    """Shares of sources that the recipe lacks, of modalities that there are not, and of margins not measured."""
    shares = quota.options.get("shares", {})
    for name, known in (("source", [one.name for one in recipe.sources]), ("modality", list(MODALITIES))):
        for value in sorted(set(shares.get(name, {})) - set(known)):
            place = f"families.{family}.options.shares.{name}.{value}"
            yield f"{place}: no such {name} in this recipe.{_near(value, known)} There are: {', '.join(known)}."
    if "margin" in shares and not recipe.mine.margins:
        place = f"families.{family}.options.shares.margin"
        yield f"{place}: margins are not measured. Say `mine: {{margins: true}}`, or leave this share out."


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
