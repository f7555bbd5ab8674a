"""Numbers, file names and keys of a dataset, which name a person or a camera instead of describing."""

import re

from generators.captions.plain_texts import PLAIN, holds, texts
from schemas.filter import Filter

_IDENTIFIER = re.compile(r"\d{3,}|\b[A-Za-z]+_\w|\d_|\b[A-Za-z]\d+[A-Za-z]\d|\w/\w+/\w")

FILTER = Filter(
    name="identifier",
    blocks=True,
    score=holds(_IDENTIFIER, (".jpg", ".jpeg", ".png", ".bmp", ".json")),
    good=(PLAIN, *texts("A man in his 30s with a number 10 shirt.", "He wears black and/or blue.")),
    bad=texts(
        "Person 0012 walks by.", "See 0002_c1s1_000451_03.jpg.", "A man in cam_a walks.", "Market/query/x shows her."
    ),
)
