"""CAP_LONG: describe the person in 40 to 110 words; the answer is a caption of that very picture.

Rule-made captions get that long in the style `detailed` (recipe: `describe: styles`), where a record is rich enough.
"""

from generators.descriptions import descriptions
from schemas.question import CAPTIONS, Ask, Draft, Example, Question

WORDS = (40, 110)
_LONG = (
    "A woman walks along the street. She has long brown hair and wears glasses. Her upper body is in a red coat "
    "that is worn open over a white shirt, and below it there are dark blue jeans and black leather boots."
)


def compose(ask: Ask) -> Draft:
    """Rows of a picture and one of its long captions."""
    return descriptions(ask, *WORDS)


QUESTION = Question(
    title="A long description of the person",
    answer="caption",
    compose=compose,
    options=CAPTIONS,
    examples=(
        Example(
            images=(
                {"person": "ann", "camera": "c1", "caption": _LONG},
                {"person": "bob", "camera": "c1", "caption": "A man in a blue coat walks by."},
            ),
            rows=1,
            answers=(_LONG,),
        ),
    ),
)
