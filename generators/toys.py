"""Toy people for the examples of questions: ann by two cameras, in the same look, and strangers by the second.

crowd("bob", "cid")                       # nothing is known but who and where
in_tops({"bob": "green", "cid": "red"})   # ann's top is red
"""

from collections.abc import Mapping
from typing import Any

Pictures = tuple[Mapping[str, Any], ...]
DRESSED: Mapping[str, Any] = {
    "person": "ann",
    "camera": "c1",
    "hair_length": "long",
    "upper_type": "coat",
    "lower_type": "jeans",
}
"""One picture of which three parts are known."""


def crowd(*strangers: str) -> Pictures:
    """Ann twice, then each stranger once."""
    seen = (("ann", "c1"), ("ann", "c2"), *((name, "c2") for name in strangers))
    return tuple({"person": name, "camera": camera} for name, camera in seen)


def in_tops(
    strangers: Mapping[str, str], also: Mapping[str, Any] | None = None, caption: str | None = None
) -> Pictures:
    """The same in tops of a colour; `also` is known of everybody, and a caption describes ann's first picture."""
    colours = ("red", "red", *strangers.values())
    pictures = [
        {**picture, "upper_color_primary": colour, **(also or {})}
        for picture, colour in zip(crowd(*strangers), colours, strict=True)
    ]
    pictures[0] |= {"caption": caption} if caption else {}
    return tuple(pictures)
