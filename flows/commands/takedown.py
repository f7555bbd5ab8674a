"""`reidforge takedown`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commanding import Json
from flows.reporter import Reporter

if TYPE_CHECKING:
    from tasks.versions.takedown.receipt import Receipt

_SHOWN = 3


def takedown(
    person: Annotated[str, typer.Option("--person", help="The person's key, such as market1501:0002.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; whoever pulls an old version reads it.")],
    remote: Annotated[str, typer.Option("--from", help="The folder or URL that versions are published to.")],
    store: Annotated[Path | None, typer.Option("--store", help="The build store to clear as well.")] = None,
    receipt: Annotated[Path, typer.Option("--receipt", help="Where the receipt goes.")] = Path("takedown.json"),
    signed_by: Annotated[str, typer.Option("--signed-by", help="Who answers for it; stands in the receipt.")] = "",
    raw: Annotated[
        Path | None,
        typer.Option("--raw", help="The raw datasets; versions that were shared without pictures need them."),
    ] = None,
    linked: Annotated[bool, typer.Option("--linked", help="Also every key that is linked to this person.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Remove a person from all versions, the store, generations and caches; successors take the versions' place."""
    from tasks.steps.takedown import takedown as work

    with Reporter(as_json).step("takedown") as close:
        done = work(remote, person, reason, store, signed_by, linked, dry, raw)
        close(f"{len(done.versions)} versions, {done.pictures} pictures")
    record = done.as_json()
    if not dry and not (done.already and receipt.is_file()):  # the receipt of the takedown itself is not replaced
        receipt.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    typer.echo(json.dumps(record, sort_keys=True) if as_json else _in_words(done, dry))
    if not done.done:
        raise typer.Exit(1)


def _in_words(done: "Receipt", dry: bool) -> str:
    said = "would take down" if dry else "was taken down before" if done.already else "taken down"
    lines = [f"{said}: {', '.join(done.persons)}, {done.pictures} pictures"]
    for each in done.versions:
        rows = sum(file["rows"] for file in each.get("files", []))
        lines.append(f"  {each['name']}@{each['old']}" + (f" -> {each['new']}, {rows} rows" if "new" in each else ""))
    if not dry:
        lines.append(f"  store: {len(done.store)} places cleared, {done.generations} answers purged")
        lines += [f"  {len(done.loose)} unreferenced places deleted"] if done.loose else []
        state = f"STILL HELD by {_some(done.remains)}" if done.remains else "nothing of the person is left there"
        state = state.removesuffix(" there") if done.done else state
        lines.append(f"  looked through {done.files_looked_at} files: {state}")
        lines += [f"  {remedy}" for remedy in done.remedies]
    return "\n".join(lines)


def _some(places: list[str]) -> str:
    more = f" and {len(places) - _SHOWN} more; the receipt lists all" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more}"


COMMAND = takedown
