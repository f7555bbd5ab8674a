"""Numbers, file names and keys of a dataset, which name a person or a camera instead of describing."""

import re

from generators.captions.plain_texts import PLAIN, holds, texts
from schemas.filter import Filter

_NUMBERED = "person|pedestrian|subject|identity|id|frame|cam|camera|track|query|gallery|img"
_IDENTIFIER = re.compile(
    r"(?<!reads )(?<!reading )(?<!says )(?<!saying )(?<!number )(?<!Levi's )(?<![\d.])\d{3,}(?!\d*s\b|\d* ?cm\b|\d)"
    r"|\b[A-Za-z]+_\w|\d_|\b[A-Za-z]\d+[A-Za-z]\d|\w/\w+/\w"
    rf"|\b(?i:{_NUMBERED})(?: (?i:id|no\.?|number))? ?[#=:]? ?\d"
)
_FILES = (".jpg", ".jpeg", ".png", ".bmp", ".json", ".webp", ".gif", ".tif", ".mp4", ".avi", ".txt", ".csv")

FILTER = Filter(
    name="identifier",
    blocks=True,
    score=holds(_IDENTIFIER, _FILES),
    good=(
        PLAIN,
        *texts(
            "A man in his 30s with a number 10 shirt.",
            "He wears black and/or blue.",
            "A woman in a 1950s style dress.",
            "He wears a T-shirt that reads 2023 and Levi's 501 jeans.",
            "A man about 180 cm tall in a coat.",
        ),
    ),
    bad=texts(
        "Person 0012 walks by.",
        "See 0002_c1s1_000451_03.jpg.",
        "A man in cam_a walks.",
        "Market/query/x shows her.",
        "The man with ID 7 wears a coat.",
        "Pedestrian No. 45 wears a coat.",
        "The subject #12 wears a coat.",
        "The file photo.webp shows a coat.",
    ),
)
