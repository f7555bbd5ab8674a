"""`reidforge trace`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commanding import Json
from schemas.errors import UnknownVersion


def trace(
    name: Annotated[str, typer.Argument(help="A sample id, caption id, image id or attribute id.")],
    version: Annotated[str, typer.Option("--in", help="A version folder, or a reference such as hpt@1.2.0.")],
    remote: Annotated[
        str | None, typer.Option("--from", help="The folder or URL of the reference; versions there are searched too.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="The build store, to show the raw answer of the model.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Go back from a row to raw files, models and steps, and forward to the versions that hold it."""
    from tasks.versions.opening import opened
    from tasks.versions.remote import open_remote
    from tasks.versions.tracing import holders
    from tasks.versions.tracing import trace as work

    with opened(version, remote) as folder:
        found = work(folder, name)
        dataset = folder.manifest.name
    if remote:
        found["held_by"] = [f"{dataset}@{v}" for v in holders(open_remote(remote), dataset, found["kind"], name)]
    if store:
        found["generations"] = _generations(store, found)
    typer.echo(json.dumps(found, sort_keys=True) if as_json else "\n".join(_lines(found)))


def _generations(store: Path, found: dict[str, Any]) -> dict[str, Any]:
    """The stored answers behind the captions of a row, by key."""
    from tasks.generations.store import GenerationStore

    if not (store / "generations").is_dir():
        raise UnknownVersion(f"There is no generation store below {str(store)!r}.")
    made = [found.get("made", {}), *(caption["made"] for caption in found.get("captions", []))]
    keys = [each["generation_key"] for each in made if each.get("generation_key")]
    with GenerationStore(store / "generations") as generations:
        return {key: {"status": a.status, "text": a.text} for key, a in generations.get(keys).items()}


def _lines(value: Any, deep: int = 0) -> list[str]:
    """Nested facts as indented lines."""
    indent = "  " * deep
    lines: list[str] = []
    for key, each in value.items():
        if isinstance(each, dict) and each:
            lines += [f"{indent}{key}", *_lines(each, deep + 1)]
        elif isinstance(each, list) and each and isinstance(each[0], dict):
            lines.append(f"{indent}{key}")
            for number, item in enumerate(each, start=1):
                first, *rest = _lines(item, deep + 2)
                lines += [f"{indent}  {number}. {first.strip()}", *rest]
        elif each not in (None, [], {}):
            lines.append(f"{indent}{key:<14} {each if not isinstance(each, list) else ', '.join(map(str, each))}")
    return lines


COMMAND = trace
