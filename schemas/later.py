"""Modules that are slow to import and often not needed: a rebuild that finds nothing to do is little but imports."""

import importlib
from typing import Any


class Later:
    """A module by its name, imported when something of it is first used; safe to use from several threads."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """What the module has under this name, which is looked up once."""
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value
