"""One line of facts for everything that is found by walking a folder: what `reidforge list` prints."""

from collections.abc import Callable
from typing import Any

from flows.recipes import find_recipe, recipe_names
from schemas.discovery import find_all
from schemas.errors import UnknownName


def _declared(package: str, constant: str, line: Callable[[Any], str]) -> Callable[[], dict[str, str]]:
    return lambda: {name: line(declaration) for name, declaration in find_all(package, constant)}


def _source_line(source: Any) -> str:
    return f"{source.title} · {source.setting} · {source.access_status} · {source.licence}"


def _protocol_line(protocol: Any) -> str:
    return f"{protocol.title} · {protocol.setting} · removes {protocol.junk_rule} · AP {protocol.ap_variant}"


def _recipes() -> dict[str, str]:
    return {name: find_recipe(name).title for name in recipe_names()}


_LISTS: dict[str, Callable[[], dict[str, str]]] = {
    "sources": _declared("generators.sources", "SOURCE", _source_line),
    "questions": _declared("generators.questions", "QUESTION", lambda question: str(question.title)),
    "gates": _declared("tasks.gates", "GATE", lambda gate: f"{gate.title} ({gate.severity})"),
    "protocols": _declared("tasks.protocols", "PROTOCOL", _protocol_line),
    "miners": _declared("generators.miners", "MINER", lambda miner: str(miner.title)),
    "backends": _declared("generators.backends", "BACKEND", lambda backend: str(backend.title)),
    "exports": _declared("tasks.versions.exports", "EXPORT", lambda export: str(export.title)),
    "recipes": _recipes,
}


def listing(what: str) -> dict[str, str]:
    """Name to facts. Raises UnknownName for a kind there is no list of."""
    if what not in _LISTS:
        raise UnknownName.of("list", what, sorted(_LISTS))
    return _LISTS[what]()
