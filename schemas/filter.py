"""What a filter declares: one fault that a text about a person can have, with texts that it must tell apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Said:
    """A text with what is known beside it; every part but the text may be missing.

    `raw` is the text as a model wrote it, before its punctuation and spaces were mended. A `bodily` text was meant to
    describe the body alone, for people whose clothes change.

    `facts` are labels of the image and `others` what other models' captions of it say, by vocabulary key. `source` is
    the text it rewords, and `similarity` its cosine to the image under a frozen model. `made` texts come from models or
    rules; fewer filters look at what people wrote.
    """

    text: str
    facts: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Mapping[str, str], ...] = ()
    source: str | None = None
    similarity: float | None = None
    colourless: bool = False
    made: bool = True
    raw: str | None = None
    bodily: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One fault. `score` is its degree in [0, 1]; a text has the fault where the score is above `above`.

    Texts with a fault that `blocks` are not used; other faults are only noted. A filter of `made_only` does not look at
    what people wrote. Scores of a `measured` filter are stored, whatever they are; None means that nothing could be
    measured.
    """

    name: str
    blocks: bool
    score: Callable[[Said], float | None]
    above: float = 0.0
    made_only: bool = False
    measured: bool = False
    good: tuple[Said, ...]
    bad: tuple[Said, ...]

    def found(self, said: Said) -> bool:
        """Whether a text has the fault."""
        if self.made_only and not said.made:
            return False
        score = self.score(said)
        return score is not None and score > self.above
