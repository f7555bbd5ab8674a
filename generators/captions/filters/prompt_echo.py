"""What a model says about its task: greetings before the answer, remarks after it, the instruction said back."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_PHRASES = (
    r"here(?:'s| is| are) (?:a|an|the|your|my) (?:\w+ )?(?:description|caption|paraphrase|version)\b",
    r"here(?:'s| is| are) (?:a|an|the|your|my) (?:\w+ )?(?:sentence|summary|rewrit\w+)\b",
    r"(?:sure|certainly|of course)[,!]",
    r"let me know\b",
    r"hope this helps\b",
    r"angle brackets?\b",
    r"the (?:original|given|provided) (?:text|description|sentence|caption)\b",
    r"keep every fact\b",
    r"describe the person\b",
    r"this pattern\b",
    r"(?:user|assistant|system|caption|description|answer|output|note|paraphrase)\s?:",
)
_ECHO = re.compile(rf"\b(?:{'|'.join(_PHRASES)})", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(_ECHO.search(said.text.replace("’", "'")) is not None)


FILTER = Filter(
    name="prompt_echo",
    blocks=True,
    score=_score,
    made_only=True,
    good=(PLAIN, *texts("Description of a man: a coat and jeans.", "The description is of a man who wears a coat.")),
    bad=texts(
        "Sure, a man in a black coat walks.",
        "Here is a short description of the person.",
        "A man in a coat and jeans. Let me know if you need more.",
        "Assistant: a man in a coat and jeans.",
    ),
)
