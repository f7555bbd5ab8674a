"""`reidforge generations`: look after the store of model answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commanding import Json, Raw, Store, printed
from schemas.errors import PromiseBroken, UnknownVersion

if TYPE_CHECKING:
    from tasks.generations.store import GenerationStore

COMMAND = typer.Typer(no_args_is_help=True, help="See, check, share and shrink the store of model answers.")

Key = Annotated[str, typer.Option("--key", help="The start of a key.")]
Subject = Annotated[str, typer.Option("--subject", help="The start of what answers are for: `market1501/0002_`.")]
Model = Annotated[str, typer.Option("--model", help="A model's name.")]
Kind = Annotated[str, typer.Option("--kind", help="A kind of generation.")]
Prompt = Annotated[str, typer.Option("--prompt", help="The start of a prompt's name.")]
Status = Annotated[str, typer.Option("--status", help="ok, refused, truncated, invalid or failed.")]


@contextmanager
def _opened(store: Path) -> "Iterator[GenerationStore]":
    """The generation store of a build store. Raises UnknownVersion when there is none."""
    from tasks.generations.store import GenerationStore

    folder = store / "generations"
    if not folder.is_dir():
        raise UnknownVersion(f"There is no generation store at {str(folder)!r}: give the --store of a build.")
    with GenerationStore(folder) as opened:
        yield opened


@COMMAND.command("stats")
def stats(store: Store = Path("store"), as_json: Json = False) -> None:
    """Count the stored answers by status, kind and model, and what was spent."""
    from tasks.generations.maintenance import stats as work

    with _opened(store) as opened:
        found = work(opened)
    printed(found if as_json else {name: _in_words(value) for name, value in found.items()}, as_json)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


@COMMAND.command("compact")
def compact(
    store: Store = Path("store"),
    everything: Annotated[bool, typer.Option("--all", help="Merge every segment into one as well.")] = False,
    as_json: Json = False,
) -> None:
    """Move the log into an immutable segment, which may be copied to other stores."""
    with _opened(store) as opened:
        path = opened.compact(everything)
    printed({"segment": path.name if path else "nothing to move"}, as_json)


@COMMAND.command("verify")
def verify(store: Store = Path("store"), as_json: Json = False) -> None:
    """Check every segment and row; exit code 1 when anything is damaged or contradictory."""
    from tasks.generations.maintenance import verify as work

    with _opened(store) as opened:
        problems = work(opened)
    if problems:
        raise PromiseBroken(f"The generation store {str(store / 'generations')!r} has problems:", problems)
    printed({"verified": "everything is whole"}, as_json)


@COMMAND.command("purge")
def purge(
    store: Store = Path("store"),
    key: Key = "",
    subject: Subject = "",
    model: Model = "",
    kind: Kind = "",
    prompt: Prompt = "",
    status: Status = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: Json = False,
) -> None:
    """Remove answers for good, so that a build asks for them again. All conditions given must hold."""
    from tasks.generations.maintenance import Choice
    from tasks.generations.purging import purge_answers

    with _opened(store):
        removed = purge_answers(store, Choice(key, subject, model, kind, prompt, status), dry)
    if dry:
        printed({"would remove": removed.answers}, as_json)
    else:
        printed({"removed": removed.answers, "steps to redo": removed.steps}, as_json)


@COMMAND.command("export")
def export(
    to: Annotated[Path, typer.Argument(help="A folder for the segment.")],
    store: Store = Path("store"),
    subject: Subject = "",
    model: Model = "",
    kind: Kind = "",
    as_json: Json = False,
) -> None:
    """Write answers as one segment to share: whoever imports it rebuilds the same bytes without a model."""
    from tasks.generations.maintenance import Choice
    from tasks.generations.maintenance import export as work

    with _opened(store) as opened:
        path = work(opened, to, Choice("", subject, model, kind, "", ""))
    printed({"segment": str(path) if path else "no such answers"}, as_json)


@COMMAND.command("import")
def bring_in(
    source: Annotated[Path, typer.Argument(help="A segment, or a folder of them.")],
    store: Store = Path("store"),
    as_json: Json = False,
) -> None:
    """Take over answers from segments. What the store holds already stays as it is."""
    from tasks.generations.maintenance import bring_in as work
    from tasks.generations.store import GenerationStore

    with GenerationStore(store / "generations") as opened:
        taken = work(opened, source)
    printed({"taken over": taken}, as_json)


@COMMAND.command("export-batch")
def export_batch(
    recipe: Annotated[str, typer.Argument(help="A recipe's name or a YAML file.")],
    raw: Raw,
    out: Annotated[Path, typer.Option("--out", help="Where to write: OUT-001.jsonl and so on.")],
    store: Store = Path("store"),
    model: Annotated[str | None, typer.Option("--model", help="Only requests to this model.")] = None,
    as_json: Json = False,
) -> None:
    """Write what a build would ask as batch files of OpenAI-compatible services."""
    from flows.planning import as_batch, planned
    from flows.recipes import find_recipe
    from flows.reporter import Reporter
    from flows.runner import PlainRunner
    from schemas.prices import Prices
    from tasks.generations.batches import export_batch as work

    with planned(find_recipe(recipe), raw, store, Prices(), PlainRunner(2, Reporter(quiet=True))) as (found, images):
        asked = as_batch(found, model)
        files = work(store, asked, images, out)
    printed({"requests": len(asked), "files": ", ".join(map(str, files)) or "none"}, as_json)


@COMMAND.command("import-batch")
def import_batch(
    results: Annotated[Path, typer.Argument(help="A result file of a batch service (JSONL).")],
    store: Store = Path("store"),
    as_json: Json = False,
) -> None:
    """Store the answers that a batch service wrote; order and repetitions do not matter."""
    from dataclasses import asdict

    from tasks.generations.batches import import_batch as work
    from tasks.generations.store import GenerationStore

    with GenerationStore(store / "generations") as opened:
        counted = work(store, results, opened)
    printed(asdict(counted), as_json)
