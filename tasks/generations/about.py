"""What a stored answer was about: enough to say later why a question is not the one that was answered.

None of it is in the key and none of it is needed to replay; digests are the first 16 hex digits.
"""

from typing import NamedTuple

from schemas.backend import Request
from schemas.keys import digest

REASONS = ("image", "prompt", "model", "schema", "parameters")
_SHOWN = 16


class About(NamedTuple):
    """A request in short: what it was for, by which prompt and model, and a digest of each part that can change."""

    kind: str = ""
    subject: str = ""
    prompt_id: str = ""
    model: str = ""
    revision: str = ""
    images: int = 0
    image: str = ""
    prompt: str = ""
    schema: str = ""
    parameters: str = ""

    def differs(self, other: "About") -> tuple[str, ...]:
        """Which of REASONS tell two requests for one subject apart."""
        same = {
            "image": self.image == other.image,
            "prompt": self.prompt == other.prompt,
            "model": (self.model, self.revision) == (other.model, other.revision),
            "schema": self.schema == other.schema,
            "parameters": self.parameters == other.parameters,
        }
        return tuple(reason for reason in REASONS if not same[reason])


def about(request: Request, preprocessing_id: str) -> About:
    """A request in short; how an image is prepared counts as part of the image."""
    seen = [*request.images, preprocessing_id] if request.images else []
    said = [request.system, [[turn.role, turn.text] for turn in request.history], request.prompt]
    drawn = [dict(request.sampling), request.seed, dict(request.facts), request.style]
    return About(
        kind=request.kind,
        subject=request.subject,
        prompt_id=request.prompt_id,
        model=request.model,
        revision=request.revision,
        images=len(request.images),
        image=_short(seen) if seen else "",
        prompt=_short(said),
        schema=_short(request.response_schema) if request.response_schema is not None else "",
        parameters=_short(drawn),
    )


def _short(value: object) -> str:
    return digest(value)[:_SHOWN]
