"""Descriptions as people type them: hurried, uneven, now and then misspelt. A bank of its own.

The captioner of the pipeline has another bank, so that text matching on the sample is not template matching.
"""

import re
from functools import lru_cache
from importlib import resources

import yaml

from generators.sample.cameras import View
from generators.sample.draws import Draws
from generators.sample.people import Outfit, Person

Bank = dict[str, dict[str, list[str]]]


@lru_cache(maxsize=1)
def bank() -> Bank:
    """The phrases: per slot and value, the ways to say it."""
    text = resources.files("generators.sample").joinpath("phrases.yaml").read_text(encoding="utf-8")
    loaded: Bank = yaml.safe_load(text)
    return loaded


def describe(person: Person, outfit: Outfit, view: View, draws: Draws) -> str:
    """One caption; what the view hides (a face, a backpack's straps) is left out."""
    said = _slots(person, outfit, view, draws)
    frame = draws.pick(bank()["frames"]["dress" if outfit.lower_type == "dress" else "separates"])
    text = frame.format(**said)
    for extra in draws.shuffled(_extras(person, outfit, view, draws))[: 1 + draws.whole(3)]:
        text += " " + extra.format(**said)
    plain = " ".join(text.split()).replace(" ,", ",").replace(" .", ".")
    return _typed(_sentences(re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", plain)), draws)


def _word(slot: str, value: str, draws: Draws) -> str:
    return draws.pick(bank()[slot][value])


def _slots(person: Person, outfit: Outfit, view: View, draws: Draws) -> dict[str, str]:
    woman = person.gender == "feminine"
    who = _word("who", "child" if person.age == "child" else person.gender, draws)
    upper_color = _word("colour", outfit.upper_color, draws)
    pattern = _word("pattern", outfit.upper_pattern, draws).format(second=_word("colour", outfit.upper_second, draws))
    upper = f"{upper_color} {_word('upper', outfit.upper_type, draws)} {pattern}".strip()
    if outfit.upper_sleeve == "short" and draws.chance(0.7):
        upper = f"short sleeved {upper}"
    lower = f"{_word('colour', outfit.lower_color, draws)} {_word('lower', outfit.lower_type, draws)}"
    if outfit.lower_type == "skirt":
        lower = f"a {lower}"
    elif outfit.lower_type == "dress":
        lower = f"{lower} {pattern}".strip()
    return {
        "who": who,
        "Pron": "She" if woman else "He",
        "poss": "her" if woman else "his",
        "build": _word("build", person.build, draws),
        "hair": f"{_word('hair_color', person.hair_color, draws)} {_word('hair_length', person.hair_length, draws)}",
        "upper": upper,
        "lower": lower,
        "shoes": f"{_word('colour', outfit.footwear_color, draws)} {_word('shoes', outfit.footwear_type, draws)}",
        "bag": f"{_word('colour', outfit.bag_color, draws)} {_word('bag', outfit.bag, draws)}",
        "hat": _word("hat", outfit.headwear, draws),
        "view": _word("view", "side" if view in ("left", "right") else view, draws),
    }


def _extras(person: Person, outfit: Outfit, view: View, draws: Draws) -> list[str]:
    extras = bank()["extras"]
    found = [draws.pick(extras["shoes"]), draws.pick(extras["view"]), draws.pick(extras["build"])]
    if outfit.headwear != "none":
        found.append(draws.pick(extras["hat"]))
    elif person.hair_length != "bald":
        found.append(draws.pick(extras["hair"]))
    else:
        found.append(draws.pick(extras["bald"]))
    if outfit.bag != "none":
        found += [draws.pick(extras["bag"])] * 2
    if view != "back" and person.glasses != "none":
        found.append(draws.pick(extras[person.glasses]))
    if view != "back" and person.facial_hair == "beard":
        found.append(draws.pick(extras["beard"]))
    return list(dict.fromkeys(found))


def _sentences(text: str) -> str:
    parts = [part.strip() for part in text.split(". ")]
    return ". ".join(part[:1].upper() + part[1:] for part in parts)


def _typed(text: str, draws: Draws) -> str:
    """The text as it left the keyboard: one in eight has a slip."""
    slip = draws.number()
    if slip < 0.03:
        at = 1 + draws.whole(len(text) - 3)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if slip < 0.06:
        return text + draws.pick((" ", "  "))
    if slip < 0.09:
        return text.rstrip(".")
    if slip < 0.12:
        return text.lower()
    return text
