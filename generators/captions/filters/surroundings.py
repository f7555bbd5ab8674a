"""The camera, the picture as a file, the place or the weather: what identifies where somebody was, not who.

A camera that somebody carries is a thing; so are the background of a print and the vest of a road worker.
"""

import re

from generators.captions.plain_texts import PLAIN, texts
from schemas.filter import Filter, Said

_PLACES = (
    *("street", "sidewalk", "pavement", "road", "roadside", "campus", "crosswalk", "shop", "store", "building", "wall"),
    *("window", "cars?", "vehicle", "parking lot", "car park", "hallway", "corridor", "lobby", "park", "grass", "lawn"),
    *("trees?", "fence", "bench", "door", "doorway", "stairs", "staircase", "escalator", "station", "bus stop", "mall"),
    *("supermarket", "plaza", "bridge", "garden", "room", "office", "restaurant", "caf[eé]", "shelf", "shelves"),
)
_PREPOSITIONS = (
    "along|across|on|down|in|at|through|near|past|cross(?:es|ing)?|beside|by|against|next to|in front of|behind|inside"
)
_PHRASES = (
    r"surveillance",
    r"cctv",
    r"(?:security|traffic) cameras?",
    r"footage",
    r"(?:at|from|towards?|facing|to|past|into|of|away from|by) the camera",
    r"on camera",
    r"the camera(?:'s)?",
    r"camera (?:has|had|angle|view|position|shot|caught|captured|shows|sees)",
    r"camera (?:\w+ )?(?:one|two|three|four|five|six|\d+)",
    r"low[- ](?:resolution|quality)",
    r"blurr(?:y|ed)(?! (?:print|pattern|logo|design|graphic|lettering))",
    r"(?:high|low|overhead|oblique) angle",
    r"(?:pixelated|grainy|out of focus|screenshot|watermark|timestamp)",
    r"file ?name",
    r"the shot",
    r"taken (?:at|from|by|in)",
    r"(?:in|against|of|with) (?:the|a \w+) background",
    r"the background (?!of (?:the|his|her) (?:shirt|print|logo))",
    r"(?:sunny|rainy|cloudy|snowy) (?:day|weather|street)",
    r"(?:trees|cars|bicycles|people|buildings)(?: \w+){0,2} behind (?:him|her|them|the)",
    r"in front of a (?:shop|store|building|wall)",
    rf"(?:{_PREPOSITIONS}) (?:(?:an?|the|some|his|her|their) )?(?:[\w-]+ )?(?:{'|'.join(_PLACES)})"
    r"(?!['’-]| (?:coat|logo|worker|work|uniform|vest|sweatshirt|shirt|jacket|print|shoes|style|bag|attendant))",
)
_WORDS = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b", re.IGNORECASE)


def _score(said: Said) -> float:
    return float(_WORDS.search(said.text) is not None)


FILTER = Filter(
    name="surroundings",
    blocks=True,
    score=_score,
    made_only=True,
    good=(
        PLAIN,
        *texts(
            "A man in this picture wears a coat.",
            "A man is holding a phone camera and wears a jacket.",
            "The shirt has a white background with red stripes.",
            "A woman in a road-worker vest and a campus sweatshirt.",
            "A man in a car coat pulls a suitcase behind him.",
            "A man with a blurred print on his shirt.",
        ),
    ),
    bad=texts(
        "A man in a coat stands in front of a shop.",
        "A blurry man in a coat and jeans.",
        "The background shows trees behind a man.",
        "Seen on camera 3, a man wears a coat.",
        "A man in a coat looks at the camera.",
        "A man in a coat is standing near a parked car.",
        "She is walking on a crosswalk in a coat.",
        "A man wearing a coat stands by a brick wall.",
        "It is a sunny day and the man wears shorts.",
    ),
)
