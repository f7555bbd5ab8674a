"""The camera, the picture as a file, or the place: what identifies where somebody was, not who."""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_PHRASES = (
    r"surveillance",
    r"cctv",
    r"security camera",
    r"video footage",
    r"camera (?:\w+ )?(?:one|two|three|four|five|six|\d+)",
    r"low[- ]resolution",
    r"blurr(?:y|ed)",
    r"pixelated",
    r"screenshot",
    r"file ?name",
    r"watermark",
    r"timestamp",
    r"background",
    r"in front of a (?:shop|store|building|wall)",
    r"on (?:a|the) (?:street|sidewalk|pavement|road|campus)",
)
_WORDS = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(_WORDS.search(said.text) is not None)


FILTER = Filter(
    name="surroundings",
    blocks=True,
    score=_score,
    made_only=True,
    good=(PLAIN, *texts("To be found on camera: a man, a coat and jeans.", "A man in this picture wears a coat.")),
    bad=texts(
        "A man in a coat stands in front of a shop.",
        "A blurry man in a coat and jeans.",
        "The background shows trees behind a man.",
        "Seen on camera 3, a man wears a coat.",
    ),
)
