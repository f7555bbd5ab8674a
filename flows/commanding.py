"""What the commands share: common options, refusals with the right exit code, results as words or as JSON."""

import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.stopping import TOLD
from schemas.errors import ReIDForgeError

Raw = Annotated[Path, typer.Option("--raw", help="The folder that holds the raw dataset folders. Read only.")]
Store = Annotated[Path, typer.Option("--store", help="The build store: step outputs, packs, generations.")]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="The remote to publish to: a folder, s3://bucket/folder or another fsspec URL, or "
        "hub://organisation/name. Default: <store>/published.",
    ),
]
Prices = Annotated[
    Path | None, typer.Option("--prices", help="A YAML table of what models cost (docs/generations.md).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Plain = Annotated[bool, typer.Option("--no-orchestrator", help="Run the same steps as plain functions, no Prefect.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Shards worked on at a time.")]
_NARROWEST = 12
"""Letters of the column of names that a command prints; longer names make it wider."""


def guarded(body: Callable[..., Any]) -> Callable[..., Any]:
    """The command, with every refusal turned into one clear message and its exit code."""

    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return body(*args, **kwargs)
        except ReIDForgeError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            raise typer.Exit(TOLD) from error
        except BrokenPipeError as error:
            _hush()
            raise typer.Exit(141) from error
        except OSError as error:
            typer.echo(f"error: the machine refused: {error.strerror} ({error.filename or 'no file'}).", err=True)
            raise typer.Exit(3) from error

    return run


def _hush() -> None:
    """Whoever read our output (`| head`) has gone: what is still buffered goes nowhere, as after a SIGPIPE."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def printed(result: dict[str, Any], as_json: bool) -> None:
    """Print a result: a line per entry, or one JSON object."""
    if as_json:
        typer.echo(json.dumps(result, sort_keys=True, default=str))
        return
    width = max(map(len, result), default=0)
    for key, value in result.items():
        typer.echo(f"{key:<{max(width, _NARROWEST)}} {value}")
