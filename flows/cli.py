"""The command line. Exit codes: 0 done, 1 a promise is broken, 2 wrong use, 3 the environment is at fault.

Progress goes to stderr, results to stdout; `--json` prints one JSON object instead of words.
"""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from flows.reporter import Reporter
from schemas.errors import ReIDForgeError, WrongUse

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Raw person Re-ID datasets to versioned instruction datasets, trained and evaluated.",
)

Raw = Annotated[Path, typer.Option("--raw", help="The folder that holds the raw dataset folders. Read only.")]
Store = Annotated[Path, typer.Option("--store", help="The build store: step outputs, packs, generations.")]
To = Annotated[Path | None, typer.Option("--to", help="The remote to publish to. Default: <store>/published.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Plain = Annotated[bool, typer.Option("--no-orchestrator", help="Run the same steps as plain functions, no Prefect.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Shards worked on at a time.")]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _command(body: _Command) -> _Command:
    """Register a command whose refusals end in one clear message and the right exit code."""

    @functools.wraps(body)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return body(*args, **kwargs)
        except ReIDForgeError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except OSError as error:
            typer.echo(f"error: the machine refused: {error.strerror} ({error.filename or 'no file'}).", err=True)
            raise typer.Exit(3) from error

    app.command(body.__name__.rstrip("_"))(run)
    return body


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result, sort_keys=True, default=str))
        return
    for key, value in result.items():
        typer.echo(f"{key:<12} {value}")


@_command
def demo(
    out: Annotated[Path, typer.Option("--out", help="Where everything goes.")] = Path("demo"),
    size: Annotated[str, typer.Option("--size", help="`demo`, or `tiny` for a smoke test.")] = "demo",
    seed: Annotated[int, typer.Option("--seed")] = 7,
    as_json: Json = False,
) -> None:
    """Draw sample raw datasets, build, publish, pull, train, evaluate and report; about eight minutes on two cores."""
    from flows.demo import demo as flow
    from flows.demo import in_words
    from flows.orchestrate import run_flow

    found = run_flow(flow, 2, out=str(out), size=size, seed=seed, quiet=as_json)
    typer.echo(json.dumps(found, sort_keys=True) if as_json else in_words(found))


@_command
def sample(
    out: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    size: Annotated[str, typer.Option("--size", help="tiny, demo or official.")] = "demo",
    seed: Annotated[int, typer.Option("--seed")] = 7,
    source: Annotated[list[str] | None, typer.Option("--source", help="Draw only these; repeatable.")] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="Draw only the sources of this recipe.")] = None,
    workers: Workers = 2,
    as_json: Json = False,
) -> None:
    """Draw synthetic pedestrians as raw folders in the true layouts of the datasets."""
    from flows.recipes import find_recipe
    from generators.sample import write_sample

    if recipe:
        source = [choice.name for choice in find_recipe(recipe).sources]
    with Reporter(as_json).step("sample") as close:
        drawn = write_sample(out, size, seed, source, workers)
        close(f"{sum(drawn.values())} files")
    _print({**drawn, "folder": str(out)}, as_json)


@_command
def build(
    recipe: Annotated[str, typer.Argument(help="A recipe's name (see `reidforge list recipes`) or a YAML file.")],
    raw: Raw,
    store: Store = Path("store"),
    to: To = None,
    publish_it: Annotated[bool, typer.Option("--publish/--no-publish", help="Publish when the gates allow.")] = True,
    plain: Plain = False,
    workers: Workers = 2,
    as_json: Json = False,
) -> None:
    """Turn raw folders into a checked version and publish it. Steps whose inputs did not change are skipped.

    Example: reidforge build market1501 --raw ~/reid --store ./store
    """
    from flows.order import build_and_publish, build_summary
    from flows.recipes import find_recipe
    from flows.runner import PlainRunner

    chosen = find_recipe(recipe)
    remote = (to or store / "published") if publish_it else None
    if plain:
        done = build_and_publish(chosen, raw, store, remote, PlainRunner(workers, Reporter(as_json)))
    else:
        from flows.build import build as flow
        from flows.orchestrate import run_flow

        names = {"recipe": recipe, "raw": str(raw), "store": str(store), "remote": str(remote) if remote else None}
        done = run_flow(flow, workers, **names, quiet=as_json)
    _print(build_summary(*done), as_json)


@_command
def publish(
    recipe: Annotated[str, typer.Argument(help="The name of a recipe that was built in this store.")],
    store: Store = Path("store"),
    to: To = None,
    as_json: Json = False,
) -> None:
    """Publish the newest build of a recipe; raw data is not needed."""
    from flows.order import publish_last
    from flows.runner import PlainRunner

    done = publish_last(recipe, store, to or store / "published", PlainRunner(1, Reporter(as_json)))
    _print(
        {"version": f"{done.name}@{done.version}", "digest": done.digest, "folder": done.folder},
        as_json,
    )


@_command
def pull(
    reference: Annotated[str, typer.Argument(help="name@1.2.0, name@latest or name@sha256:<digest>.")],
    remote: Annotated[Path, typer.Option("--from", help="The remote it was published to.")],
    to: Annotated[Path, typer.Option("--to", help="The folder the version becomes.")],
    as_json: Json = False,
) -> None:
    """Copy a published version here; every byte is verified, and reidforge.lock says what it is."""
    from tasks.steps.pull import pull as work

    with Reporter(as_json).step("pull") as close:
        folder = work(remote, reference, to)
        close(str(folder))
    _print({"folder": folder}, as_json)


@_command
def check(
    folder: Annotated[Path, typer.Argument(help="A version folder.")],
    deep: Annotated[bool, typer.Option("--deep", help="Also run the Great Expectations suites.")] = False,
    as_json: Json = False,
) -> None:
    """Check a version folder against its contracts, gates and digests; one line per broken promise."""
    from tasks.steps.validate import check_folder

    report = check_folder(folder, deep)
    typer.echo(report.to_json() if as_json else "\n".join(report.lines))
    if not report.ok:
        raise typer.Exit(1)


@_command
def export(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    out: Annotated[Path, typer.Option("--out", help="A new folder.")],
    stage: Annotated[int, typer.Option("--stage", min=1, max=3)] = 2,
    form: Annotated[str, typer.Option("--format", help="See `reidforge list exports`.")] = "parquet",
    split: Annotated[str, typer.Option("--split")] = "train",
    limit: Annotated[int | None, typer.Option("--limit", min=1)] = None,
    as_json: Json = False,
) -> None:
    """Write one stage in the form a trainer eats, images included."""
    from tasks.steps.export import export as work

    with Reporter(as_json).step("export") as close:
        folder = work(version, stage, form, out, split, limit)
        close(str(folder))
    _print({"folder": folder}, as_json)


@_command
def train(
    version: Annotated[Path, typer.Argument(help="A pulled version folder.")],
    out: Annotated[Path, typer.Option("--out", help="Where checkpoints go; a stopped run goes on from there.")],
    model: Annotated[str, typer.Option("--model", help="`tiny`, or a folder or hub id of a Qwen-VL model.")] = "tiny",
    effort: Annotated[float, typer.Option("--effort", help="Scales the number of steps.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed")] = 7,
    as_json: Json = False,
) -> None:
    """Train stages 1, 2, 3 in order; the checkpoint names the version it was trained on."""
    from flows.order import train_stages
    from flows.runner import PlainRunner
    from schemas.recipe import Train

    settings = Train(model=model, effort=effort, seed=seed)
    checkpoint = train_stages(version, out, settings, PlainRunner(1, Reporter(as_json)))
    _print({"checkpoint": checkpoint}, as_json)


@_command
def evaluate(
    version: Annotated[Path, typer.Argument(help="A pulled version folder.")],
    out: Annotated[Path, typer.Option("--out", help="Where results go.")] = Path("evaluation"),
    checkpoint: Annotated[Path | None, typer.Option("--checkpoint", help="Without one, baselines only.")] = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", help="Scores or features: .npy, Parquet, or a folder with query.npy and gallery.npy."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", help="With --scores: the protocol they are for.")
    ] = None,
    rerank_top: Annotated[int, typer.Option("--rerank-top", min=1, max=100)] = 10,
    as_json: Json = False,
) -> None:
    """Evaluate a checkpoint, or anybody's score matrix, under the official protocols of a version."""
    if bool(scores) != bool(protocol):
        raise WrongUse("--scores and --protocol go together: the scores are read in the order of that protocol.")
    if scores and protocol:
        from tasks.steps.evaluate import evaluate_score_file

        _print(evaluate_score_file(version, protocol, scores), as_json)
        return
    from flows.order import evaluate_protocols
    from flows.runner import PlainRunner
    from schemas.recipe import Evaluate

    run = PlainRunner(1, Reporter(as_json))
    folder = evaluate_protocols(version, checkpoint, Evaluate(rerank_top=rerank_top), out, run)
    summary = json.loads((folder / "summary.json").read_bytes())
    _print(summary if as_json else {"folder": folder}, as_json)


@_command
def report(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("report.html"),
    checkpoint: Annotated[Path | None, typer.Option("--checkpoint")] = None,
    evaluation: Annotated[Path | None, typer.Option("--evaluation", help="A folder that `evaluate` wrote.")] = None,
) -> None:
    """Write the report of a version: one HTML page that needs no network."""
    from tasks.report.page import write_report

    typer.echo(write_report(version, checkpoint, evaluation, out))


@_command
def show(
    version: Annotated[Path, typer.Argument(help="A version folder.")],
    out: Annotated[Path, typer.Option("--out", help="The picture, a JPEG.")] = Path("people.jpg"),
    n: Annotated[int, typer.Option("--n", min=1, max=400)] = 48,
) -> None:
    """Draw a contact sheet of a version's people."""
    from tasks.report.contact_sheet import contact_sheet
    from tasks.versions.reader import VersionFolder

    out.write_bytes(contact_sheet(VersionFolder(version), n=n))
    typer.echo(out)


@_command
def list_(
    what: Annotated[str, typer.Argument(help="sources, questions, gates, protocols, miners, backends or recipes.")],
    as_json: Json = False,
) -> None:
    """List what there is of a kind, with one line of facts each."""
    from flows.listing import listing

    _print(listing(what), as_json)


def main() -> None:
    """The entry point of the `reidforge` command."""
    app()
