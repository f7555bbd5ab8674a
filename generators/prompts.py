"""The prompts of a kind of generation: short texts in the YAML file beside it, put together by rule.

>>> joined("Describe the person.", "", "Answer in English.")
'Describe the person.\\nAnswer in English.'
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "kinds"


@cache
def prompts(kind: str) -> dict[str, Any]:
    """What stands in the prompt file of a kind; every file has a `version`."""
    loaded: dict[str, Any] = yaml.safe_load((_FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))
    return loaded


def named(kind: str, style: str, number: int | None = None) -> str:
    """The public name of a prompt: `caption/dynamic#17@1` is pattern 17 of version 1."""
    place = "" if number is None else f"#{number}"
    return f"{kind}/{style}{place}@{prompts(kind)['version']}"


def joined(*parts: str) -> str:
    """The parts that say something, one to a line."""
    return "\n".join(" ".join(part.split()) for part in parts if part)
