"""`reidforge doctor`."""

import dataclasses
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commanding import Json

if TYPE_CHECKING:
    from tasks.steps.doctor import Examination, Finding

_ACCESS = {
    "open": "open download",
    "request": "by request",
    "signed": "by signed agreement",
    "withdrawn": "WITHDRAWN by its authors",
    "synthetic": "drawn by `reidforge sample`, nobody's picture",
}
_TAGS = "C counted in the official files, V2 two sources agree, V one source, M from memory: shown, not asserted"


def doctor(
    path: Annotated[Path, typer.Argument(help="A raw dataset's folder or archive, or a folder that holds some.")],
    deep: Annotated[bool, typer.Option("--deep", help="Also decode every image, as a build does.")] = False,
    as_json: Json = False,
) -> None:
    """Say which dataset a folder or archive is, what is missing, what will be refused, and what to run next.

    Exit code 0: recognised and complete. 1: recognised, but pieces are missing or refused. 2: nothing known.
    """
    from tasks.steps.doctor import examine

    result = examine(path, deep)
    if as_json:
        typer.echo(json.dumps(_as_json(result), sort_keys=True))
    else:
        typer.echo("\n".join(_lines(result, path, deep)))
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _as_json(result: "Examination") -> dict[str, Any]:
    found = [dataclasses.asdict(one) | {"complete": one.complete, "next": _next(one)} for one in result.findings]
    return dataclasses.asdict(result) | {"findings": found, "exit_code": result.exit_code}


def _lines(result: "Examination", path: Path, deep: bool) -> Iterator[str]:
    for number, found in enumerate(result.findings):
        yield from [""] * bool(number)
        yield from _finding(found, deep)
    yield from (f"not read    {refused}" for refused in result.refused_archives)
    if result.seen is None:
        return
    yield f"{path}: no dataset that is known."
    yield f"it holds    {_counted(result.seen.folders) or 'nothing'}"
    yield from [f"files       {_counted(result.seen.extensions)}"] * bool(result.seen.extensions)
    yield from [f"names like  {_counted(result.seen.shapes)}"] * bool(result.seen.shapes)
    for name, lost in result.nearest:
        lack = f"lacks {', '.join(lost)}" if lost else "has its folders, but not its file names"
        yield f"nearest     {name}: {lack}"
    hint = result.hint or "reidforge list sources   # every dataset that is read; docs/sources.md has their layouts"
    yield f"next        {hint}"


def _counted(values: dict[str, int]) -> str:
    return ", ".join(f"{name or 'no extension'} ({count:,})" for name, count in values.items())


def _finding(found: "Finding", deep: bool) -> Iterator[str]:
    yield f"{found.title} ({found.source}): {found.place}"
    yield f"terms       {found.setting} · {found.licence} · {_ACCESS.get(found.access_status, found.access_status)}"
    if found.variants:
        yield f"form        {', '.join(found.variants)}"
    splits = [f"{what.partition(':')[2]} {n:,}" for what, n in found.found.items() if what.startswith("source_split:")]
    read = [f"{found.found[what]:,} {what}" for what in ("images", "persons", "captions", "attributes")]
    yield f"read        {', '.join(read)}"
    yield from [f"splits      {', '.join(splits)}"] * bool(splits)
    yield from _figures(found)
    yield from [f"missing     {', '.join(found.lost)}"] * bool(found.lost)
    yield from _refused(found)
    yield from [f"or          {', '.join(found.also)}, whose layout and names are the same"] * bool(found.also)
    yield f"verdict     {_verdict(found, deep)}"
    yield f"next        {_next(found)}"


def _figures(found: "Finding") -> Iterator[str]:
    if found.drawn:
        yield "official    a drawn sample: the official counts do not apply"
        return
    for line in found.figures:
        official, met = line["official"], line["found"]
        gap = "" if official == met else f"   {abs(official - met):,} {'missing' if met < official else 'too many'}"
        yield f"official    {line['what']:<28} {met:>10,} of {official:>10,}  [{line['tag']}]{gap}"
    yield from [f"            {_TAGS}"] * bool(found.figures)


def _refused(found: "Finding") -> Iterator[str]:
    for refused in found.rejects:
        yield f"refused     {refused.count:,} of {refused.table}: {refused.reason}"
        yield from (f"            {subject}: {detail}" for subject, detail in refused.examples)
        more = refused.count - len(refused.examples)
        yield from [f"            and {more:,} more"] * (more > 0)


def _verdict(found: "Finding", deep: bool) -> str:
    faults = [
        f"required names that are missing: {len(found.lost)}" if found.lost else "",
        f"official counts that are not met: {len(found.short)}" if found.short else "",
        f"files or rows that will be refused: {sum(refused.count for refused in found.rejects):,}"
        if found.rejects
        else "",
    ]
    said = "; ".join(fault for fault in faults if fault) or "complete"
    return said if deep else f"{said} (names and label files; --deep also decodes the images)"


def _next(found: "Finding") -> str:
    """The command that uses the dataset, or that a person has to get it or a reason first."""
    if found.lost:
        return "complete the folder from the dataset's archive, then run this again"
    if found.access_status == "withdrawn":
        return (
            f"nothing: it is not read unless a recipe says who uses it and why (accept_withdrawn of {found.source!r})"
        )
    return f"reidforge build {found.source} --raw {shlex.quote(found.raw)} --store ./store"


COMMAND = doctor
