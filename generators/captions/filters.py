"""What makes a caption unusable or suspect: pure functions on its text, each with examples that it must tell apart.

>>> flags("A man with {hair} walks by.")
('slot',)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

MIN_WORDS, MAX_WORDS = 5, 130

# Most captions are letters and stops alone; only the others are looked at more closely.
_LETTERS = re.compile(r"[A-Za-z ,.;:!?'\"()-]*")
_SLOT = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|⟨[^⟩]*⟩|_{2,}")
_SLOT_WORDS = ("INSERT", "PLACEHOLDER", "TODO")
_MARKUP = re.compile(r"[<>`\\|]|&[a-z]+;|&#\d+;|\*\*")
_MARKUP_WORDS = ("http", "www.")
_IDENTIFIER = re.compile(r"\d{3,}|\b[A-Za-z]+_\w|\d_|\b[A-Za-z]\d+[A-Za-z]\d|\w/\w+/\w")
_FILE_WORDS = (".jpg", ".jpeg", ".png", ".bmp", ".json")
_WORD = re.compile(r"[a-z]+")
_ORIGINS = (
    *("asian", "caucasian", "african", "hispanic", "latino", "latina", "arab", "arabic", "oriental", "indian"),
    *("chinese", "japanese", "korean", "european", "muslim", "jewish", "christian", "foreigner", "immigrant"),
)
_GUESSES = (
    *("criminal", "thief", "terrorist", "suspicious", "gangster", "prostitute", "drunk", "homeless"),
    *("sexy", "attractive", "ugly", "handsome", "beautiful"),
)
_BANNED = frozenset((*_ORIGINS, *_GUESSES))
_SKIN = frozenset(("black", "white", "brown", "yellow"))
_PERSONS = frozenset(
    ("man", "men", "woman", "women", "male", "female", "guy", "lady", "girl", "boy", "person", "people")
)
_ESCAPE = re.compile(r"\\?u[0-9a-f]{4}\b|\\x[0-9a-f]{2}", re.IGNORECASE)
_FOREIGN = re.compile(r"[^\W\d_\u0000-\u024F]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One fault of a caption. `blocks` faults make it invalid, others are only noted; `found` is true on a fault."""

    name: str
    blocks: bool
    found: Callable[[str], bool]
    good: tuple[str, ...]
    bad: tuple[str, ...]


def _holds(pattern: re.Pattern[str], words: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a text has one of these words, or has more than letters and matches the pattern."""

    def found(text: str) -> bool:
        if any(word in text for word in words):
            return True
        return _LETTERS.fullmatch(text) is None and pattern.search(text) is not None

    return found


def _banned(text: str) -> bool:
    """Whether ethnicity, intent or looks are guessed; `black man` is, `a man in black` is not."""
    words = _WORD.findall(text.lower())
    if not _BANNED.isdisjoint(words):
        return True
    return not _SKIN.isdisjoint(words) and any(a in _SKIN and b in _PERSONS for a, b in pairwise(words))


def _too_short(text: str) -> bool:
    return len(text.split()) < MIN_WORDS


def _too_long(text: str) -> bool:
    return len(text.split()) > MAX_WORDS


def _foreign(text: str) -> bool:
    if text.isascii() and _LETTERS.fullmatch(text):
        return False
    return _FOREIGN.search(text) is not None or _ESCAPE.search(text) is not None


def _repeats(text: str) -> bool:
    """Whether a sentence of four words or more stands twice."""
    sentences = [part.strip().lower() for part in text.split(".") if part.count(" ") > 3]
    return len(set(sentences)) < len(sentences)


_PLAIN = "A man in a black coat and blue jeans walks with 2 bags."
FILTERS = (
    Filter(
        name="too_short",
        blocks=True,
        found=_too_short,
        good=(_PLAIN, "She wears a red dress."),
        bad=("", "A man.", "Woman in red dress."),
    ),
    Filter(
        name="too_long", blocks=True, found=_too_long, good=(_PLAIN, "word " * 130), bad=("word " * 131, "a. " * 200)
    ),
    Filter(
        name="slot",
        blocks=True,
        found=_holds(_SLOT, _SLOT_WORDS),
        good=(_PLAIN,),
        bad=(
            "A man with {hair} walks.",
            "A [colour] coat on a man.",
            "With ⟨hair⟩, she walks.",
            "He wears a ____ coat.",
        ),
    ),
    Filter(
        name="markup",
        blocks=True,
        found=_holds(_MARKUP, _MARKUP_WORDS),
        good=(_PLAIN, "A t-shirt & jeans on a man's body."),
        bad=("<image> A man in black.", "A man &amp; a bag.", "**Upper:** a coat.", "See https: for more."),
    ),
    Filter(
        name="identifier",
        blocks=True,
        found=_holds(_IDENTIFIER, _FILE_WORDS),
        good=(_PLAIN, "A man in his 30s with a number 10 shirt.", "He wears black and/or blue."),
        bad=(
            "Person 0012 walks by.",
            "See 0002_c1s1_000451_03.jpg.",
            "A man in cam_a walks.",
            "Market/query/x shows her.",
        ),
    ),
    Filter(
        name="banned",
        blocks=True,
        found=_banned,
        good=(_PLAIN, "The man in black walks past a white wall.", "A white shirt and a black backpack."),
        bad=("An Asian man in a coat.", "A suspicious person loiters.", "A white woman in a dress."),
    ),
    Filter(
        name="not_english",
        blocks=True,
        found=_foreign,
        good=(_PLAIN, "She stands before a café in a beige coat."),
        bad=("一个男人穿着黑色外套。", "A man \\u4e00 in black walks.", "Мужчина в чёрном пальто идёт."),
    ),
    Filter(
        name="repeats",
        blocks=False,
        found=_repeats,
        good=(_PLAIN, "He walks. He walks."),
        bad=("He wears a black coat. He wears a black coat.",),
    ),
)


def flags(text: str) -> tuple[str, ...]:
    """The names of the faults of a text, in the order of FILTERS."""
    return tuple(each.name for each in FILTERS if each.found(text))


BLOCKING = frozenset(each.name for each in FILTERS if each.blocks)
