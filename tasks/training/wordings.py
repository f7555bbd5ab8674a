"""How a pair is asked about when a model is used as a yes/no scorer."""

from collections.abc import Mapping

from schemas.errors import WrongUse
from tasks.scoring.scorer import Pair
from tasks.training.data import Sample

WORDINGS: Mapping[str, str] = {
    "image": "Image 1 [[image:1]] Image 2 [[image:2]] Same person? Yes or No.",
    "cloth_changing": "Image 1 [[image:1]] Image 2 [[image:2]] Clothes may differ. Same person?",
    "infrared": "Image 1 [[image:1]] Image 2 [[image:2]] One is infrared. Same person?",
    "text": "Image 1 [[image:1]] {caption} Does this fit?",
}
"""How a pair is asked about; each stands among the wordings that the families are trained with."""


def ask(pair: Pair, pictures: dict[bytes, int]) -> Sample:
    """The question about a pair; its pictures are numbered in order of first use."""
    if pair.kind not in WORDINGS:
        raise WrongUse(f"There is no wording for a pair of kind {pair.kind!r}; known: {', '.join(WORDINGS)}.")
    shown = [pair.candidate] if isinstance(pair.query, str) else [pair.query, pair.candidate]
    numbers = tuple(pictures.setdefault(data, len(pictures)) for data in shown)
    prompt = WORDINGS[pair.kind].format(caption=pair.query) if isinstance(pair.query, str) else WORDINGS[pair.kind]
    return Sample("", "yesno", numbers, prompt, "Yes")
