"""A model that declines, apologises or speaks of itself instead of describing."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_PHRASES = (
    r"i(?:'m| am) (?:sorry|afraid|unable|not able|an ai|a language model|just an)",
    r"i (?:can(?:'t|not| not)|won't|could not|do not|don't) (?:\w+ )?(?:help|assist|identify|provide|describe)",
    r"i (?:can(?:'t|not| not)|could not|couldn't|do not|don't) (?:\w+ )?(?:answer|see|view|determine)",
    r"i apologi[sz]e",
    r"as an? (?:ai|language model|assistant)",
    r"no image (?:was|is|has been)",
    r"unable to (?:view|see|process|identify|describe)",
    r"against (?:my|our) (?:policy|guidelines)",
    r"please (?:provide|upload|share)",
)
_REFUSAL = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(_REFUSAL.search(said.text.replace("’", "'")) is not None)


FILTER = Filter(
    name="refusal",
    blocks=True,
    score=_score,
    made_only=True,
    good=(PLAIN, *texts("I saw a man in a coat and jeans.", "I could make out a beard and glasses on him.")),
    bad=texts(
        "I'm sorry, but I can't help with that request.",
        "As an AI language model, I do not see pictures.",
        "I cannot identify people in images like this one.",
        "Unfortunately no image was given, please upload one.",
    ),
)
