"""A text far from its image under a frozen image-text model, where one is given: one minus the cosine."""

from schemas.filter import Filter, Said

_TEXT = "A man in a red coat and blue jeans."


def _score(said: Said) -> float | None:
    return None if said.similarity is None else min(1.0, max(0.0, 1 - said.similarity))


FILTER = Filter(
    name="dissimilar",
    blocks=False,
    score=_score,
    above=0.85,
    made_only=True,
    measured=True,
    good=(Said(_TEXT), Said(_TEXT, similarity=0.27)),
    bad=(Said(_TEXT, similarity=0.08),),
)
