"""What a model says about its task: greetings before the answer, remarks after it, the instruction said back."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_PHRASES = (
    r"here(?:'s| is| are) (?:an?|the|your|my) (?:[\w-]+ )?(?:description|caption|paraphrase|version)\b",
    r"here(?:'s| is| are) (?:an?|the|your|my) (?:[\w-]+ )?(?:sentence|summary|rewrit\w+)\b",
    r"(?:sure|certainly|absolutely|of course)(?: thing)?[,!]",
    r"(?:let me know|feel free to|is there anything else)\b",
    r"hope this helps\b",
    r"angle brackets?\b",
    r"the (?:original|given|provided) (?:text|description|sentence|caption|image|picture|photo)\b",
    r"the description of (?:an?|the|this)\b",
    r"based on the (?:image|picture|photo|description|text)\b",
    r"(?:keep every fact|describe the person|one sentence of|word count|in other words)\b",
    r"(?:this|the) pattern,",
    r"this pattern\b",
    r"as (?:requested|instructed)\b",
    r"(?:please )?note that\b",
    r"can be (?:rewritten|rephrased|paraphrased|reworded)\b",
    r"(?:user|assistant|system|caption|description|answer|output|note|paraphrase|response|reply|result)\s?:",
    r"(?:paraphrased|rewritten|reworded|rephrased|revised)(?: (?:text|version|description|sentence))?\s?:",
)
_ECHO = re.compile(rf"\b(?:{'|'.join(_PHRASES)})", re.IGNORECASE)


def _score(said: Said) -> float:
    text = said.text.replace("’", "'")
    return float(_ECHO.search(text) is not None or text.count('"') % 2 == 1)


FILTER = Filter(
    name="prompt_echo",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *texts(
            "Description of a man: a coat and jeans.",
            "The description is of a man who wears a coat.",
            "Here a man in a black coat carries a bag.",
            "Surely a man, in a coat and jeans.",
            'His shirt reads "HELLO" in white.',
        ),
    ),
    bad=texts(
        "Sure, a man in a black coat walks.",
        "Here is a short description of the person.",
        "A man in a coat and jeans. Let me know if you need more.",
        "Assistant: a man in a coat and jeans.",
        "The description of a pedestrian in other words is: a man in a coat.",
        'The coat of a teenage boy is: "a black coat.',
        "Paraphrased: a man in a red coat and jeans.",
        "Based on the image, the person wears a coat.",
    ),
)
