"""Captions from attribute records: the sentence bank filled with what is known, never with what is not.

>>> caption({"gender_presentation": "masculine", "upper_type": "coat", "lower_type": "jeans"}, "brief", seed=3)
'In short, a man in a coat and jeans.'
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from generators.captions.phrases import SLOTS, VARIANTS, Phrases, listed, phrases
from generators.records import COLOURLESS
from schemas.errors import UnknownName
from schemas.vocabulary import VOCABULARY

MIN_WORDS, MAX_WORDS = 8, 60
LONG_STYLES, MAX_WORDS_LONG = frozenset(("detailed",)), 110
BODILY = "biometric"
"""The style that speaks of what stays when the clothes change, and of nothing that is worn."""
# What goes first when a caption would be too long.
_SPARED = (("view", "action", "absent", "beside"), ("carried", "neckwear", "face"), ("glasses", "headwear"), ("bags",))
_LEFT_OUT = tuple(frozenset(slot for slots in _SPARED[:n] for slot in slots) for n in range(len(_SPARED) + 1))
_BANKS = ("bank.yaml", "templates.yaml", "instructed.yaml")
# The five slots of templates.yaml, as slots of phrases. Clothing needs two things, or a caption would say too little.
FIVE = {
    "clothing": "upper+lower",
    "hair": "hair",
    "footwear": "shoes",
    "accessory": "headwear+neckwear+glasses",
    "belongings": "bags+carried",
}
_TOKEN = re.compile(r"\[|\]|\{[^}]*\}|[^\[\]{}]+")
_PRONOUNS = {
    "masculine": {"he": "he", "him": "him", "his": "his"},
    "feminine": {"he": "she", "him": "her", "his": "her"},
    "unknown": {"he": "they", "him": "them", "his": "their"},
}
_PLURAL_VERBS = {"is": "are", "was": "were", "has": "have", "wears": "wear", "carries": "carry", "had": "had"}
_COLOUR_KEYS = frozenset(key for key, declared in VOCABULARY.items() if not declared.in_infrared)


@dataclass(frozen=True, slots=True)
class _List:
    """The phrases of some slots as an English list; it can be filled when at least `least` are known."""

    slots: tuple[str, ...]
    least: int


@dataclass(frozen=True, slots=True)
class _Pronoun:
    word: str
    verb: str


Part = str | _List | _Pronoun


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of parts; an optional one is left out when a list in it cannot be filled."""

    parts: tuple[Part, ...]
    optional: bool


@dataclass(frozen=True, slots=True)
class Template:
    """One entry of the bank: its sentences, and the lists without which it cannot be used."""

    sentences: tuple[tuple[_Piece, ...], ...]
    needed: tuple[_List, ...]


def caption(facts: Mapping[str, str], style: str, seed: int) -> str | None:
    """One caption of 8 to 60 words (110 in LONG_STYLES) for the known values in `facts`; None when they are too few.

    `seed` (64 bits) chooses the template and the synonyms. Colours are left out for images without colour. Raises
    UnknownName for a style that is not in the bank.
    """
    facts = _visible(facts)
    text = None
    for left_out in _LEFT_OUT:
        filler = _Filler(facts, seed >> 16, left_out)
        template = _chosen(style, filler, seed & 0xFFFF)
        text = filler.text(template) if template else text
        if text is None or text.count(" ") < most_words(style):
            return text
    return text


def most_words(style: str) -> int:
    """How long a caption of a style may be."""
    return MAX_WORDS_LONG if style in LONG_STYLES else MAX_WORDS


def can_word(facts: Mapping[str, str], style: str) -> bool:
    """Whether some template of the style can be filled."""
    return _chosen(style, _Filler(_visible(facts), 0, frozenset()), 0) is not None


def _visible(facts: Mapping[str, str]) -> Mapping[str, str]:
    """The facts without colours where the image has none."""
    if facts.get("modality") not in COLOURLESS:
        return facts
    return {key: value for key, value in facts.items() if key not in _COLOUR_KEYS}


def styles() -> list[str]:
    """The styles of the bank, sorted."""
    return sorted(bank())


@cache
def bank() -> dict[str, tuple[Template, ...]]:
    """Every template by style."""
    return {style: tuple(map(_template, written)) for style, written in sentences().items()}


@cache
def sentences() -> dict[str, list[list[str]]]:
    """Every template as it is written, by style."""
    texts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in _BANKS)
    return {style: written for text in texts for style, written in yaml.safe_load(text).items()}


_SPELT = {"person": "the person", "noun": "person", "he": "he or she", "him": "him or her", "his": "his or her"}
_MARKS = re.compile(r"[\[\]]")
_SLOT = re.compile(r"\{(?:\d:)?([^{}]*)\}")


def spelt(written: list[str], slots: Mapping[str, str]) -> str:
    """A written template as it is shown to a model: `<hair>` for each of the named slots, pronouns in both forms.

    >>> spelt(["[with {hair}, ]{person} wears {clothing+footwear}."], FIVE)
    'With <hair>, <the person> wears <clothing, footwear>.'
    """

    def slot(found: re.Match[str]) -> str:
        inner = found.group(1)
        word, _, verb = inner.partition(" ")
        if word in _PRONOUNS["unknown"]:
            return f"{_SPELT[word]} {verb}".strip()
        names = inner.split("+")
        return f"<{', '.join(name if name in slots else _SPELT[name] for name in names)}>"

    said = (_SLOT.sub(slot, _MARKS.sub("", sentence)) for sentence in written)
    return " ".join(_capital(sentence) for sentence in said)


def _capital(sentence: str) -> str:
    """The sentence with its first letter in upper case, a gap's name included."""
    at = 1 if sentence.startswith("<") else 0
    return sentence[:at] + sentence[at].upper() + sentence[at + 1 :]


def _chosen(style: str, filler: "_Filler", start: int) -> Template | None:
    """The first template from `start` on, around the style's list, that can be filled."""
    if style not in bank():
        raise UnknownName.of("caption style", style, styles())
    templates = bank()[style]
    for step in range(len(templates)):
        template = templates[(start + step) % len(templates)]
        if all(filler.has(needed) for needed in template.needed):
            return template
    return None


class _Filler:
    """Fills templates from one record; the bits of `word` choose between synonyms, slot by slot."""

    __slots__ = ("_facts", "_known", "_left_out", "_pronouns", "_word")

    def __init__(self, facts: Mapping[str, str], word: int, left_out: Collection[str]) -> None:
        self._facts = facts
        self._word = word
        self._left_out = left_out
        self._known: dict[str, Phrases] = {}
        self._pronouns = _PRONOUNS.get(facts.get("gender_presentation", ""), _PRONOUNS["unknown"])

    def has(self, wanted: _List) -> bool:
        """Whether enough of the list's slots are known."""
        return len(self._items(wanted)) >= wanted.least

    def text(self, template: Template) -> str:
        """The template's sentences that can be said, each with a capital letter."""
        said = (self._sentence(pieces) for pieces in template.sentences)
        return " ".join(sentence[0].upper() + sentence[1:] for sentence in said if sentence)

    def _sentence(self, pieces: tuple[_Piece, ...]) -> str:
        return "".join(self._piece(piece) for piece in pieces)

    def _piece(self, piece: _Piece) -> str:
        if piece.optional and not all(self.has(part) for part in piece.parts if isinstance(part, _List)):
            return ""
        return "".join(part if isinstance(part, str) else self._filled(part) for part in piece.parts)

    def _filled(self, part: _List | _Pronoun) -> str:
        if isinstance(part, _List):
            return listed(self._items(part))
        pronoun = self._pronouns[part.word]
        verb = _PLURAL_VERBS[part.verb] if part.verb and pronoun == "they" else part.verb
        return f"{pronoun} {verb}" if verb else pronoun

    def _items(self, wanted: _List) -> Phrases:
        return tuple(item for slot in wanted.slots for item in self._slot(slot))

    def _slot(self, slot: str) -> Phrases:
        if slot not in self._known:
            self._known[slot] = self._said(slot)
        return self._known[slot]

    def _said(self, slot: str) -> Phrases:
        if slot in self._left_out:
            return ()
        return phrases(slot, self._facts, (self._word >> _SHIFTS[slot]) % VARIANTS)


_SHIFTS = {slot: 3 * number for number, slot in enumerate(SLOTS)}
_SHIFTS["noun"] = _SHIFTS["person"]


def _template(sentences: list[str]) -> Template:
    parsed = tuple(tuple(_pieces(sentence)) for sentence in sentences)
    pieces = (piece for sentence in parsed for piece in sentence if not piece.optional)
    needed = tuple(part for piece in pieces for part in piece.parts if isinstance(part, _List))
    return Template(parsed, needed)


def _pieces(sentence: str) -> Iterator[_Piece]:
    parts: list[Part] = []
    for found in _TOKEN.findall(sentence):
        if found in "[]":
            yield _Piece(tuple(parts), optional=found == "]")
            parts = []
        else:
            parts.append(_part(found) if found.startswith("{") else found)
    yield _Piece(tuple(parts), optional=False)


def _part(slot: str) -> Part:
    inner = slot[1:-1]
    word, _, verb = inner.partition(" ")
    if word in _PRONOUNS["unknown"]:
        return _Pronoun(word, verb)
    least, _, slots = inner.rpartition(":")
    names = slots.split("+")
    return _List(
        tuple("+".join(FIVE.get(slot, slot) for slot in names).split("+")),
        int(least or (2 if "clothing" in names else 1)),
    )
