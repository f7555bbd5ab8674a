"""Where pictures stand in a conversation: at their marks, or all of them before the first text."""

import re
from collections.abc import Iterator, Sequence

from schemas.backend import Turn
from schemas.errors import BadTable

_MARK = re.compile(r"\[\[image:(\d{1,3})\]\]")
Part = str | int


def shown_parts(turns: Sequence[Turn], images: int) -> Iterator[list[Part]]:
    """For each turn its texts and, as places from 0, its pictures. Only what a user says shows pictures.

    Raises BadTable for a mark of a picture that there is not.
    """
    marked = any(_MARK.search(turn.text) for turn in turns if turn.role == "user")
    unshown = [] if marked else list(range(images))
    for turn in turns:
        if turn.role != "user" or not images:
            yield [turn.text]
            continue
        yield [*unshown, *_parts(turn.text, images)]
        unshown = []


def _parts(text: str, images: int) -> Iterator[Part]:
    for place, piece in enumerate(_MARK.split(text)):
        if place % 2 == 0:
            if piece.strip():
                yield piece
        elif 1 <= int(piece) <= images:
            yield int(piece) - 1
        else:
            raise BadTable(f"A prompt marks image {piece}, but its request shows {images}.")
