"""Find declarations by file name: adding a source, question, gate … is adding one file.

`find("generators.sources", "SOURCE", "market1501")` imports only that module and returns its constant.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from schemas.errors import UnknownName

_KINDS = {
    "SOURCE": "source",
    "QUESTION": "question",
    "BACKEND": "backend",
    "KIND": "kind of generation",
    "FILTER": "filter",
    "MINER": "miner",
    "GATE": "gate",
    "PROTOCOL": "protocol",
    "EXPORT": "export form",
    "COMMAND": "command",
}


def names(package: str) -> list[str]:
    """Public names in a package folder, sorted; files that start with an underscore are not public."""
    folder = importlib.import_module(package).__path__
    return sorted(m.name for m in pkgutil.iter_modules(folder) if not m.name.startswith("_") and not m.ispkg)


def find(package: str, constant: str, name: str) -> Any:
    """The declaration `constant` of the module `name`. Raises UnknownName with the nearest match and the list."""
    known = names(package)
    if name not in known:
        raise UnknownName.of(_KINDS[constant], name, known)
    return getattr(importlib.import_module(f"{package}.{name}"), constant)


def find_all(package: str, constant: str) -> Iterator[tuple[str, Any]]:
    """Every (name, declaration) of a package, in name order."""
    for name in names(package):
        yield name, find(package, constant, name)
