"""One line of facts for everything that is found by walking a folder: what `reidforge list` prints."""

from collections.abc import Callable
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from flows.recipes import find_recipe, recipe_names
from schemas.discovery import find_all
from schemas.errors import UnknownName
from schemas.source import Reported, Source


def _declared(package: str, constant: str, line: Callable[[Any], str]) -> Callable[[], dict[str, str]]:
    return lambda: {name: line(declaration) for name, declaration in find_all(package, constant)}


# Keeps a figure on one line while the lines are broken.
_GLUE = "\N{NO-BREAK SPACE}"


def _source_line(source: Source) -> str:
    return f"{source.title} · {source.setting} · {source.access_status} · {source.licence}"


def source_facts(source: Source) -> dict[str, Any]:
    """What is declared about a raw dataset, as JSON values; `counts` are those its authors report."""
    counts = [asdict(figure) for figure in source.reported]
    facts = {name: getattr(source, name) for name in ("title", "setting", "licence", "access_status")}
    more = {name: getattr(source, name) for name in ("release_allowed", "modalities", "root_names")}
    return facts | more | {"forms": source.forms(), "counts": counts}


def source_table() -> str:
    """Every raw dataset with its setting, terms, splits and official counts, in lines of at most 110 letters."""
    lines = [f"{'name':<18}{'setting':<18}{'access':<11}terms"]
    for name, source in find_all("generators.sources", "SOURCE"):
        lines.append(f"{name:<18}{source.setting:<18}{source.access_status:<11}{source.licence}")
        counts = " · ".join(_figure(figure) for figure in source.reported)
        lines.extend(wrap(f"{source.title}: {counts}", 110, initial_indent="    ", subsequent_indent="      "))
    lines.append(
        "[C] counted in the official files, [V2] two sources agree, [V] one source, [M] from memory, never asserted"
    )
    return "\n".join(lines).replace(_GLUE, " ")


def _figure(figure: Reported) -> str:
    numbers = {"images": figure.images, "persons": figure.persons, "captions": figure.captions}
    said = ", ".join(f"{number:,} {unit}" for unit, number in numbers.items() if number is not None)
    return f"{figure.what} {said} [{figure.tag}]".replace(" ", _GLUE)


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
