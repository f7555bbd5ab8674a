"""The embedded default: answers made by rule from what is known, without a model.

A request is answered from its `facts` by the rule of its kind (generators/kinds/); its seed chooses templates and
synonyms. Where too little is known, the answer is `refused`.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from schemas.backend import Answer, Backend, Request
from schemas.discovery import find, names
from schemas.keys import digest, file_sha256
from schemas.kind import Kind

_KINDS = "generators.kinds"
_ROOT = Path(__file__).parents[1]
# What the answers depend on; prompts, filters and the cleaning of human captions are not among it.
_WORDING = (
    *("captioner.py", "phrases.py", "facts.py", "attribute_read.py"),
    *("bank.yaml", "templates.yaml", "instructed.yaml", "facts.yaml", "words.yaml", "lexicon.yaml"),
)


def _generate(requests: Sequence[Request]) -> Iterator[Answer]:
    return map(_answer, requests)


def _answer(request: Request) -> Answer:
    kind = _kind(request.kind)
    if kind is None:
        return Answer(text="", status="refused", detail=f"no rule answers the kind {request.kind!r}")
    text = kind.by_rule(request.facts, request.style or "", request.seed)
    if text is None:
        return Answer(text="", status="refused", detail=f"too little is known for the style {request.style!r}")
    return Answer(text=text)


@cache
def _kind(name: str) -> Kind | None:
    found: Kind | None = find(_KINDS, "KIND", name) if name in names(_KINDS) else None
    return found


def _revision() -> str:
    files = [*(_ROOT / "captions" / name for name in _WORDING), *sorted((_ROOT / "kinds").glob("*.py"))]
    return digest({path.name: file_sha256(path) for path in files})[:16]


BACKEND = Backend(
    title="Rules that word what is known",
    model="grammar",
    revision=_revision(),
    generate=_generate,
)
