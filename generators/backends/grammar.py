"""The embedded default: captions made by rule from attribute records, without a model.

A request of kind `caption` is worded from its `facts` in its `style`; its seed chooses template and synonyms. Where
too little is known for the style, the answer is `refused`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from generators.captions.captioner import caption
from schemas.backend import Answer, Backend, Request
from schemas.keys import folder_revision


def _generate(requests: Sequence[Request]) -> Iterator[Answer]:
    return map(_answer, requests)


def _answer(request: Request) -> Answer:
    if request.kind != "caption" or request.style is None:
        return Answer(text="", status="refused", detail=f"rules make captions in a style, not {request.kind!r}")
    text = caption(request.facts, request.style, request.seed)
    if text is None:
        return Answer(text="", status="refused", detail=f"too little is known for the style {request.style!r}")
    return Answer(text=text)


BACKEND = Backend(
    title="Rules that word attribute records",
    model="grammar",
    revision=folder_revision(Path(__file__).parents[1] / "captions"),
    generate=_generate,
)
