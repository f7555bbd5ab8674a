"""How the pages of the report are rendered: escaped, and an error where a template names what nobody gave."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.later import Later

if TYPE_CHECKING:
    from jinja2 import Environment

jinja2 = Later("jinja2")


@cache
def pages() -> "Environment":
    """The templates that stand beside this file; each is compiled once, which takes longer than to fill it in."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    made: Environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return made
