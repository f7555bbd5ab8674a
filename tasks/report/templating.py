"""How the pages of the report are rendered: escaped, and an error where a template names what nobody gave."""

from pathlib import Path
from typing import TYPE_CHECKING

from schemas.later import Later

if TYPE_CHECKING:
    from jinja2 import Environment

jinja2 = Later("jinja2")


def pages() -> "Environment":
    """The templates that stand beside this file."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    made: Environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return made
