"""A text about the body alone that speaks of clothes, shoes, headwear or bags: of no use when the outfit changes."""

import re

from generators.captions.lexicon_words import WORN
from generators.captions.plain_texts import PLAIN
from schemas.filter import Filter, Said

_MORE = (
    *(
        "clothes",
        "clothing",
        "cloth",
        "garments?",
        "outfits?",
        "attire",
        "dressed",
        "apparel",
        "sleeves?",
        "sunglasses",
    ),
    *("bags?", "purse", "luggage", "umbrella", "hooded", "hood", "laces", "socks", "gloves?", "belt", "uniform"),
)
_WORN = re.compile(rf"\b(?:{'|'.join(sorted((*map(re.escape, WORN), *_MORE)))})\b", re.IGNORECASE)
_HAIR = re.compile(r"\b(?:hair|head) (?:on|at|over) (?:the )?top\b|\b(?:on|at) top\b|\btop of\b", re.IGNORECASE)


def _score(said: Said) -> float:
    if not said.bodily:
        return 0.0
    text = _HAIR.sub(" ", said.text.replace("-", " "))
    return float(_WORN.search(text) is not None)


def _of_the_body(*given: str) -> tuple[Said, ...]:
    return tuple(Said(text, bodily=True) for text in given)


FILTER = Filter(
    name="worn",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *_of_the_body(
            "A tall, slim man with short black hair, a beard and glasses.",
            "She is heavily built and has long hair tied back.",
            "A bald man with a moustache, whose hair is thin on top.",
        ),
    ),
    bad=_of_the_body(
        "A tall man with short hair in a red coat.",
        "A woman with long hair; her outfit may change.",
        "A slim man with a beard and a baseball cap.",
        "A tall woman with glasses who carries a handbag.",
        "A man with short hair and white sneakers.",
    ),
)
