"""The key of a generation: what was asked, as content. Written specification: docs/generations.md.

Two requests have one key exactly when a model would be asked the same thing about the same pixels in the same way.
Names, hosts, engines, times and token counts are not part of it, and neither is the way an answer is parsed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.backend import Request
from schemas.keys import canonical_json

KEY_FORMAT = 1


def request_key(request: Request, preprocessing_id: str) -> str:
    """sha256 (hex) of the canonical request. `preprocessing_id` names how image bytes become model input.

    Raises ValueError when a sampling value is NaN or infinite.
    """
    content = {name: value for name, value in _content(request, preprocessing_id).items() if value not in _EMPTY}
    return hashlib.sha256(canonical_json({"format": KEY_FORMAT, **content})).hexdigest()


_EMPTY: tuple[Any, ...] = ("", None, 0, [], {})


def _content(request: Request, preprocessing_id: str) -> dict[str, Any]:
    return {
        "kind": request.kind,
        "prompt": request.prompt,
        "images": list(request.images),
        "preprocessing": preprocessing_id if request.images else "",
        "facts": dict(request.facts),
        "style": request.style,
        "model": request.model,
        "revision": request.revision,
        "sampling": _plain(request.sampling),
        "seed": request.seed,
        "response_schema": request.response_schema,
        "system": request.system,
        "history": [[turn.role, turn.text] for turn in request.history],
    }


def _plain(value: Any) -> Any:
    """The value in one form: mappings as dicts, sequences as lists, whole floats as integers (0.0 is 0)."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value
