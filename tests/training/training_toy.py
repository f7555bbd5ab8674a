"""Staged toy versions that the trainer can read, though nobody published them."""

from types import SimpleNamespace
from typing import Any

from tasks.versions.reader import VersionFolder


class Toy(VersionFolder):
    """A toy version whose manifest is nothing but the recipe's accepted overlaps."""

    accepted: tuple[dict[str, str], ...] = ()

    @property
    def manifest(self) -> Any:
        return SimpleNamespace(recipe={"link": {"accept": list(self.accepted)}})
