"""`reidforge sample`."""

from pathlib import Path
from typing import Annotated

import typer

from flows.commanding import Json, Workers, printed
from flows.reporter import Reporter


def sample(
    out: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    size: Annotated[str, typer.Option("--size", help="tiny, demo or official.")] = "demo",
    seed: Annotated[int, typer.Option("--seed", help="Every draw depends on it.")] = 7,
    source: Annotated[list[str] | None, typer.Option("--source", help="Draw only these; repeatable.")] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="Draw only the sources of this recipe.")] = None,
    workers: Workers = 2,
    as_json: Json = False,
) -> None:
    """Draw synthetic pedestrians as raw folders in the true layouts of the datasets."""
    from flows.recipes import find_recipe
    from generators.sample import scaled_down, write_sample
    from generators.sample.write import layouts

    if recipe:
        source = [choice.name for choice in find_recipe(recipe).sources]
    reporter = Reporter(as_json)
    drawn: dict[str, int] = {}
    with reporter.step("sample") as close:
        for name in layouts(source):
            with reporter.progress(name) as show:
                drawn |= write_sample(out, size, seed, [name], workers, show)
        close(f"{sum(drawn.values())} files")
    smaller = scaled_down(size, source)
    notes = {f"{name} is scaled down": f"{few} of {all_} pictures" for name, (few, all_) in smaller.items()}
    printed({**drawn, **notes, "folder": str(out)}, as_json)


COMMAND = sample
