"""What filters of wording share: plain examples, and looking for patterns only in texts that are not letters alone."""

import re
from collections.abc import Callable

from schemas.filter import Said

PLAIN = Said("A man in a black coat and blue jeans walks with 2 bags.")
PERSONS = frozenset(
    ("man", "men", "woman", "women", "male", "female", "guy", "lady", "girl", "boy", "person", "people", "individual")
)
PREDICATES = frozenset(("is", "looks", "looking", "appears", "seems", "feels", "being", "was"))
# Most captions are letters and stops alone; only the others are looked at more closely.
LETTERS = re.compile(r"[A-Za-z ,.;:!?'\"()-]*")


def texts(*given: str) -> tuple[Said, ...]:
    """Texts as examples of a filter."""
    return tuple(Said(text) for text in given)


def holds(pattern: re.Pattern[str], words: tuple[str, ...]) -> Callable[[Said], float]:
    """1 for a text that has one of these words, or that has more than letters and matches the pattern."""

    def score(said: Said) -> float:
        if any(word in said.text for word in words):
            return 1.0
        return float(LETTERS.fullmatch(said.text) is None and pattern.search(said.text) is not None)

    return score
