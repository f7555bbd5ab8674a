"""Raw answers of models, opened: text without its wrapping, JSON out of its fence. Nothing here raises."""

import json
import re
from collections.abc import Iterator
from typing import Any

from generators.raw_names import Repeated, strict_json
from schemas.errors import BadTable
from schemas.kind import Refusal

MAX_CHARACTERS = 32_768
_FENCE = re.compile(r"\A```[a-z]*\n(.*?)\n?```\Z", re.DOTALL)
_LABEL = re.compile(
    r"\A(?:\W*(?:caption|description|answer|output|paraphrase|rewritten(?: text| version)?)\W*:\s*)", re.I
)
_QUOTED = re.compile(r"\A(?:\"([^\"]*)\"|“([^”]*)”)\Z")
_ITEM = re.compile(r"\A(?:[-*•]|\(?\d{1,2}[.):])\s+")


def plain(raw: str) -> str:
    """The text of an answer: out of its code fence, without a label such as `Description:`, without outer quotes."""
    text = raw.strip()[:MAX_CHARACTERS]
    fenced = _FENCE.match(text)
    text = _LABEL.sub("", fenced.group(1).strip() if fenced else text).strip()
    quoted = _QUOTED.match(text)
    return next(part for part in quoted.groups() if part is not None).strip() if quoted else text


def lines(raw: str) -> Iterator[str]:
    """The lines of a list, without bullets and numbers."""
    for line in plain(raw).splitlines():
        text = _ITEM.sub("", line.strip())
        if text:
            yield text


def json_object(raw: str) -> dict[str, Any] | Refusal:
    """The one JSON object of an answer, code fence and words around it aside; else why there is none."""
    if len(raw) > MAX_CHARACTERS:
        return Refusal("too_large", f"The answer has {len(raw)} characters; at most {MAX_CHARACTERS} are read.")
    start, end = raw.find("{"), raw.rfind("}")
    if start < 0 or end < start:
        return Refusal("not_json", "The answer holds no JSON object.")
    try:
        found = strict_json(raw[start : end + 1].encode("utf-8", "replace"), "The answer")
    except BadTable as error:
        return Refusal("not_json", str(error)[:300])
    if isinstance(found, Repeated):
        return Refusal("not_json", "The answer gives a key twice.")
    return found if isinstance(found, dict) else Refusal("not_json", "The answer is not a JSON object.")


def schema_text(schema: Any) -> str:
    """A JSON schema as text, in one form."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))
