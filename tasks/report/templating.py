"""How the pages of the report are rendered: escaped, and an error where a template names what nobody gave."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def pages() -> Environment:
    """The templates that stand beside this file."""
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
