"""What shows of lettered options without knowing what they say: place, length, commas, negation."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tasks.checking.blind import Blind, Candidates

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_LETTER = re.compile(r"(?:^|\s)([A-H]): ")
_NEGATION = re.compile(r"\b(?:no|not|never|none|nothing|neither|without|isn't|doesn't)\b", re.IGNORECASE)
_PLACES = 8


def lettered_options(prompt: str) -> list[str]:
    """The texts of the options A:, B:, … of a prompt, in order; empty when the letters do not follow each other."""
    pieces = _LETTER.split(prompt)
    letters, said = pieces[1::2], pieces[2::2]
    return [text.strip() for text in said] if letters == [chr(65 + place) for place in range(len(letters))] else []


def option_features(blind: Blind, rows: Ints) -> Candidates | None:
    """Every lettered option of some picks; None unless each prompt holds its options."""
    options = [lettered_options(prompt) for prompt in blind.prompts(rows)]
    counts = np.array([len(listed) for listed in options], dtype=np.int64)
    if (counts == 0).any() or (counts != blind.facts.n_options[rows]).any():
        return None
    row = np.repeat(np.arange(len(rows)), counts)
    number = np.concatenate([np.arange(1, count + 1) for count in counts])
    features = np.concatenate([_seen(listed) for listed in options])
    return Candidates(features, row, number, number == blind.facts.gold_index[rows][row])


def _seen(options: Sequence[str]) -> Floats:
    plain = np.array(
        [[np.log1p(len(text)), text.count(","), bool(_NEGATION.search(text))] for text in options], dtype=np.float64
    )
    lengths = plain[:, 0]
    extremes = np.stack([lengths == lengths.max(), lengths == lengths.min()], axis=1) & (np.ptp(lengths) > 0)
    places = np.eye(_PLACES)[np.minimum(np.arange(len(options)), _PLACES - 1)]
    return np.hstack([places, plain - plain.mean(axis=0), extremes])
