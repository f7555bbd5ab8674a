"""One fact at a time: a vocabulary value as a sentence, as an open question, and as a question that assumes it.

>>> says("upper_color_primary", "dark_blue")
'The upper garment is dark blue.'
>>> assumes("lower_type", "skirt|dress")
'Does the person wear a skirt or dress?'
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from generators.captions.phrases import colour, thing
from schemas.vocabulary import VOCABULARY

_FILE = Path(__file__).with_name("facts.yaml")
# A colour or a kind has no sentence of its own where it is `other`; nothing tells these apart.
_UNSAID = frozenset(("other", "unknown", "not_visible"))


@cache
def _facts() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return loaded


def keys() -> tuple[str, ...]:
    """The vocabulary keys that have sentences, in vocabulary order."""
    return tuple(key for key in VOCABULARY if key in _facts())


def says(key: str, value: str) -> str | None:
    """The sentence that states a value; None where there is none."""
    return _worded(key, "says", value)


def assumes(key: str, value: str) -> str | None:
    """The yes-or-no question that supposes a value; None where there is none."""
    return _worded(key, "assumes", value)


def asks(key: str) -> str:
    """The open question about a key."""
    return str(_facts()[key]["asks"])


def part(key: str) -> str:
    """What the key is about, as the end of `I cannot tell …`."""
    return str(_facts()[key]["part"])


def stated_by(sentence: str) -> tuple[str, str] | None:
    """The key and value of a sentence that stands here word for word."""
    return _sentences().get(sentence)


@cache
def _sentences() -> dict[str, tuple[str, str]]:
    pairs = ((key, value) for key in keys() for value in VOCABULARY[key].values)
    return {said: pair for pair in pairs if (said := says(*pair)) is not None}


@lru_cache(maxsize=16_384)
def _worded(key: str, form: str, value: str) -> str | None:
    if key not in _facts() or not _UNSAID.isdisjoint(value.split("|")):
        return None
    if value in _facts()[key].get("unsaid", ()):
        return None
    written: str | Mapping[str, str] = _facts()[key][form]
    if not isinstance(written, str):
        return written.get(value)
    return written.replace("{value}", colour(value)).replace("{a}", thing(key, value))
