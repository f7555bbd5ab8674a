"""Human captions cleaned: spacing, punctuation, quotes and capitals; never a word.

>>> normalise("a man in a black  shirt.His shoes are white")
Normalised(text='A man in a black shirt. His shoes are white.', flags=(), valid=True)
"""

import re
from typing import NamedTuple

from generators.captions.judging import blocking, flags

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " ", "…": "."})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\ufeff]+")
_BLANKS = re.compile(r"\s+")
_BEFORE = re.compile(r" +([.,;:!?])")
_RUN = re.compile(r"([.,;:!?])(?:\s*[.,;:])+")
_GLUED = re.compile(r"(?<=[a-z]{2})[.!?](?=[A-Z]|(?:he|she|they|his|her|the|a)\b)")
_GLUED_COMMA = re.compile(r"(?<=[A-Za-z])([,;])(?=[A-Za-z])")
_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")
# A text that already is as it should be: most made captions, many human ones.
_SENTENCE = r"[A-Z][A-Za-z'-]*(?:[,;:]? [A-Za-z'-]*[A-Za-z])*[.!?]"
_CLEAN = re.compile(rf"{_SENTENCE}(?: {_SENTENCE})*")
_ENDS = (".", "!", "?")


class Normalised(NamedTuple):
    """A cleaned caption, its faults by name (generators.captions.judging), and whether it may be used."""

    text: str
    flags: tuple[str, ...]
    valid: bool


def normalise(raw: str) -> Normalised:
    """The caption with single blanks, a blank after every stop, capitals at sentence starts and a full stop."""
    text = raw if _CLEAN.fullmatch(raw) else _mended(raw)
    found = flags(text)
    return Normalised(text, found, not blocking().intersection(found))


def _mended(raw: str) -> str:
    text = _BLANKS.sub(" ", _CONTROLS.sub(" ", raw.translate(_QUOTES))).strip().strip('"').strip()
    text = _RUN.sub(r"\1", _BEFORE.sub(r"\1", text)).lstrip(".,;:!? ")
    text = _GLUED_COMMA.sub(r"\1 ", _GLUED.sub(r"\g<0> ", text))
    text = text.rstrip(" ,;:-")
    if text and not text.endswith(_ENDS):
        text += "."
    return _START.sub(lambda found: found[0].upper(), text)
