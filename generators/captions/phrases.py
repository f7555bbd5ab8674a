"""Noun phrases for the known values of a record: correct English for one attribute, before any sentence.

Each slot of the sentence bank is a function of a few vocabulary keys and a variant number that chooses between
synonyms; it gives the phrases that can be said, none when nothing is known.

>>> phrases("lower", {"lower_type": "skirt|dress", "lower_color_primary": "dark_blue"}, 0)
('a dark blue skirt or dress',)
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from schemas.vocabulary import NOT_VISIBLE, UNKNOWN, spoken

Values = tuple[str | None, ...]
Phrases = tuple[str, ...]

PHRASE_WORDS = Path(__file__).with_name("words.yaml")
WORDS: dict[str, Any] = yaml.safe_load(PHRASE_WORDS.read_text(encoding="utf-8"))
VARIANTS = 8
_PLURAL = frozenset(WORDS["plural"])
_LEGWEAR = frozenset(("trousers", "jeans", "leggings", "sweatpants", "suit_trousers", "shorts"))
_LONG_SLEEVED = frozenset(("sweater", "hoodie", "jacket", "coat", "down_jacket", "suit_jacket"))
# A dress in one piece is said once, with its sleeves.
_DRESS = ("dress_top", "dress")
_UNSAID = frozenset((None, UNKNOWN, NOT_VISIBLE, "none", "no"))


def phrases(slot: str, facts: Mapping[str, str], variant: int) -> Phrases:
    """What can be said in a slot of the bank; `variant` in [0, VARIANTS) chooses between synonyms."""
    keys, _ = SLOTS[slot]
    return _phrases(slot, tuple(map(facts.get, keys)), variant)


@lru_cache(maxsize=65_536)
def _phrases(slot: str, values: Values, variant: int) -> Phrases:
    _, say = SLOTS[slot]
    return say(tuple(None if value in (UNKNOWN, NOT_VISIBLE) else value for value in values), variant)


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def with_article(phrase: str) -> str:
    """The phrase with `a` or `an` unless its noun is plural."""
    if phrase.rsplit(" ", 1)[-1] in _PLURAL:
        return phrase
    vowel = phrase[0] in "aeiouAEIOU" and not phrase.startswith("uni")
    return f"{'an' if vowel else 'a'} {phrase}"


def _word(table: str, value: str, variant: int) -> str:
    options = WORDS.get(table, {}).get(value) or [spoken(value)]
    return str(options[variant % len(options)])


def _words(table: str, value: str | None, variant: int) -> str:
    """Alternatives as `red or orange`; nothing for what is not said."""
    if value in _UNSAID or value is None:
        return ""
    return " or ".join(_word(table, part, variant) for part in value.split("|"))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _things(table: str, value: str, before: str, variant: int) -> str:
    """`a blue skirt or dress`; `blue shorts or a blue skirt` where one noun takes an article and the other does not."""
    nouns = [_word(table, part, variant) for part in value.split("|")]
    if len({noun.rsplit(" ", 1)[-1] in _PLURAL for noun in nouns}) == 1:
        last = with_article(_joined(before, nouns[-1]))
        return last if len(nouns) == 1 else f"{with_article(_joined(before, nouns[0]))} or {' or '.join(nouns[1:])}"
    return " or ".join(with_article(_joined(before, noun)) for noun in nouns)


def colour(value: str) -> str:
    """A colour as it stands before or after a noun: `dark blue`, `multicoloured`, `red or orange`."""
    return _words("colour", value, 0)


def thing(key: str, value: str) -> str:
    """A garment or other thing with the article it takes: `a coat`, `jeans`, `a skirt or dress`."""
    return _things(key, value, "", 0)


def _noun(values: Values, variant: int) -> Phrases:
    gender, age, build, height = values
    nouns = WORDS["person"].get(gender or UNKNOWN, WORDS["person"][UNKNOWN])
    options = nouns.get(age or UNKNOWN, nouns[UNKNOWN])
    before = [WORDS["height"].get(height), WORDS["build"].get(build)]
    adjectives = [words[variant % len(words)] for words in before if words]
    return (_joined(", ".join(adjectives), options[variant % len(options)]),)


def _person(values: Values, variant: int) -> Phrases:
    return (with_article(_noun(values, variant)[0]),)


def _colours(primary: str | None, secondary: str | None, variant: int) -> str:
    first = _words("colour", primary, variant)
    both = first and secondary not in (primary, "multicolour") and primary != "multicolour" and "|" not in str(primary)
    second = _words("colour", secondary, variant) if both else ""
    return f"{first} and {second}" if second else first


def _pattern(value: str | None, variant: int) -> tuple[str, str]:
    """What stands before the noun, and what behind it."""
    behind = WORDS["pattern_behind"].get(value)
    return ("", behind[variant % len(behind)]) if behind else (_words("pattern", value, variant), "")


def _upper(values: Values, variant: int) -> Phrases:
    kind, primary, secondary, pattern, sleeve, opened, lower = values
    if not any((kind, primary, pattern, sleeve)) or (kind, lower) == _DRESS:
        return ()
    before, behind = _pattern(pattern, variant)
    plain = before if pattern == "plain" else ""
    usual = (kind in _LONG_SLEEVED and sleeve == "long") or (kind == "vest" and sleeve == "sleeveless")
    sleeves = "" if usual else _words("sleeve", sleeve, variant)
    colours = _colours(primary, secondary, variant)
    order = (sleeves, colours) if variant < VARIANTS // 2 else (colours, sleeves)
    garment = _things("upper_type", kind or UNKNOWN, _joined(plain, *order, "" if plain else before), variant)
    return (_joined(garment, behind, _words("open", opened, variant)),)


def _lower(values: Values, variant: int) -> Phrases:
    kind, primary, pattern, length, upper, sleeve = values
    if not any((kind, primary, pattern)):
        return ()
    parts = set((kind or UNKNOWN).split("|"))
    if len(parts) > 2 and parts <= _LEGWEAR:
        kind = "legwear"
    trousers = bool(parts & _LEGWEAR)
    usual = (trousers and length == "long") or ("shorts" in parts and length == "short")
    before, behind = _pattern(pattern, variant)
    plain = before if pattern == "plain" else ""
    extent = "" if usual else _words("length", length, variant)
    sleeves = _words("sleeve", sleeve, variant) if (upper, kind) == _DRESS else ""
    if extent and not behind and sleeves == f"{extent}-sleeved":
        sleeves, behind = "", f"with {extent} sleeves"
    words = _joined(plain, extent, sleeves, _words("colour", primary, variant), "" if plain else before)
    return (_joined(_things("lower_type", kind or UNKNOWN, words, variant), behind),)


def _shoes(values: Values, variant: int) -> Phrases:
    kind, colour = values
    if not (kind or colour) or "barefoot" in (kind or ""):
        return ()
    return (_things("footwear_type", kind or UNKNOWN, _words("colour", colour, variant), variant),)


def _hair(values: Values, variant: int) -> Phrases:
    length, colour = values
    shade = _words("hair_color", colour, variant)
    if length == "bald":
        return ("a bald head",)
    if length == "tied":
        return (_joined(shade, "hair tied back"),)
    extent = _words("hair_length", length, variant) if length != "covered" else ""
    return (_joined(extent, shade, "hair"),) if extent or shade else ()


def _said(table: str, article: bool = False) -> Callable[[Values, int], Phrases]:
    """A slot of one key whose value is worded as it stands, `other` left unsaid."""

    def say(values: Values, variant: int) -> Phrases:
        (value,) = values
        if value is None or value in _UNSAID or "other" in value.split("|") or "none" in value.split("|"):
            return ()
        return (_things(table, value, "", variant) if article else _words(table, value, variant),)

    return say


def _eyes(values: Values, variant: int) -> Phrases:
    """The glasses that somebody wears every day; sunglasses come and go like a hat."""
    return ("glasses",) if values == ("glasses",) else ()


def _bags(values: Values, variant: int) -> Phrases:
    kinds = ("backpack", "shoulder_bag", "hand_bag")
    worn = zip(kinds, values[::2], values[1::2], strict=True)
    return tuple(
        with_article(_joined(_words("colour", colour, variant), _word("bag", kind, variant)))
        for kind, held, colour in worn
        if held == "yes"
    )


def _parts(value: str | None) -> list[str]:
    """The values of a key that takes several, without those that are not said."""
    return [part for part in (value or "none").split("|") if part not in ("none", "other")]


def _carried(values: Values, variant: int) -> Phrases:
    parts = (part for part in _parts(values[0]) if part not in WORDS["beside"])
    return tuple(with_article(_word("carried_object", part, variant)) for part in parts)


def _beside(values: Values, variant: int) -> Phrases:
    return tuple(_word("beside", part, variant) for part in _parts(values[0]) if part in WORDS["beside"])


def _action(values: Values, variant: int) -> Phrases:
    return tuple(_word("action", part, variant) for part in _parts(values[0]))


def _absent(values: Values, variant: int) -> Phrases:
    backpack, shoulder_bag, hand_bag, headwear, glasses = values
    bags = {"backpack": backpack, "shoulder bag": shoulder_bag, "handbag": hand_bag}
    missing = [name for name, held in bags.items() if held == "no"]
    named = ["no bag"] if len(missing) == len(bags) else [f"no {name}" for name in missing]
    bare = ["no headwear"] if headwear == "none" else []
    return (*named, *bare, *(["no eyewear"] if glasses == "none" else []))


_PERSON = ("gender_presentation", "age_group", "build", "height_relative")
_BAGS = ("backpack", "backpack_color", "shoulder_bag", "shoulder_bag_color", "hand_bag", "hand_bag_color")
SLOTS: dict[str, tuple[tuple[str, ...], Callable[[Values, int], Phrases]]] = {
    "person": (_PERSON, _person),
    "noun": (_PERSON, _noun),
    "upper": (
        (
            "upper_type", "upper_color_primary", "upper_color_secondary", "upper_pattern", "upper_sleeve",
            "upper_outer_open", "lower_type",
        ),
        _upper,
    ),
    "lower": (
        ("lower_type", "lower_color_primary", "lower_pattern", "lower_length", "upper_type", "upper_sleeve"),
        _lower,
    ),
    "shoes": (("footwear_type", "footwear_color"), _shoes),
    "hair": (("hair_length", "hair_color"), _hair),
    "face": (("facial_hair",), _said("facial_hair")),
    "glasses": (("glasses",), _said("glasses")),
    "headwear": (("headwear",), _said("headwear", article=True)),
    "neckwear": (("neckwear_mask",), _said("neckwear_mask", article=True)),
    "bags": (_BAGS, _bags),
    "carried": (("carried_object",), _carried),
    "beside": (("carried_object",), _beside),
    "action": (("action",), _action),
    "view": (("viewpoint",), _said("view")),
    "absent": (("backpack", "shoulder_bag", "hand_bag", "headwear", "glasses"), _absent),
    "eyes": (("glasses",), _eyes),
}  # fmt: skip
