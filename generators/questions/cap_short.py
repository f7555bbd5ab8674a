"""CAP_SHORT: describe the person in one or two short sentences; the answer is a caption of that very picture."""

from generators.descriptions import descriptions
from schemas.question import CAPTIONS, Ask, Draft, Example, Question

WORDS = (5, 25)


def compose(ask: Ask) -> Draft:
    """Rows of a picture and one of its short captions."""
    return descriptions(ask, *WORDS)


QUESTION = Question(
    title="A short description of the person",
    answer="caption",
    compose=compose,
    options=CAPTIONS,
    examples=(
        Example(
            images=({"person": "ann", "camera": "c1", "caption": "A woman in a red coat walks by."},),
            rows=1,
            answers=("A woman in a red coat walks by.",),
        ),
    ),
)
