"""`reidforge plan`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commanding import Json, Prices, Raw, Store, Workers
from flows.reporter import Reporter, duration, money
from schemas.backend import STATUSES

if TYPE_CHECKING:
    from flows.planning import BuildPlan


def plan(
    recipe: Annotated[str, typer.Argument(help="A recipe's name or a YAML file.")],
    raw: Raw,
    store: Store = Path("store"),
    prices: Prices = None,
    workers: Workers = 2,
    as_json: Json = False,
) -> None:
    """Say what a build would ask models, why, and what it would take. Nothing is asked and nothing is written.

    Example: reidforge plan market1501 --raw ~/reid --store ./store --prices prices.yaml
    """
    from flows.planning import planned
    from flows.recipes import find_recipe
    from flows.runner import PlainRunner
    from tasks.generations.prices import load_prices

    run = PlainRunner(workers, Reporter(quiet=True))
    chosen = find_recipe(recipe)
    with planned(chosen, raw, store, load_prices(prices, chosen.prices), run) as (found, _):
        typer.echo(json.dumps(found.as_facts(), sort_keys=True) if as_json else in_words(found))


def in_words(found: "BuildPlan") -> str:
    """The plan as a person reads it: a paragraph per model and kind, then the sum."""
    facts = found.as_facts()
    if not facts["lines"]:
        return "No model would be asked anything."
    lines = [line for each in facts["lines"] for line in _line(each, facts["currency"])]
    total = f"together: {facts['requests']:,} request{'' if facts['requests'] == 1 else 's'}"
    if facts["requests"]:
        total += f", {_money(facts['cost'], facts['currency'])}, {_time(facts['seconds'])}"
    more = ["Texts about captions that do not exist yet are not counted."] if facts["more_to_come"] else []
    return "\n".join([*lines, total, *more])


def _line(each: dict[str, Any], currency: str) -> list[str]:
    head = f"{each['model']} {each['kind']}: {each['rows']:,} rows, {each['hit']:,} stored"
    ended = ", ".join(f"{count:,} {status}" for status, count in each["given_up_as"].items())
    head += f", {each['given_up']:,} given up ({ended})" if ended else ""
    if not each["requests"]:
        return [f"{head}, nothing to ask"]
    reasons = ", ".join(_reason(reason, count) for reason, count in each["missed"].items())
    how = "by measured means" if each["measured"] else "by a rough count, nothing of this was measured yet"
    return [
        f"{head}, {each['requests']:,} to ask: {reasons}",
        f"  {each['prompt_tokens']:,} prompt and {each['completion_tokens']:,} completion tokens, "
        f"{_money(each['cost'], currency)}, {_time(each['seconds'])} ({how})",
    ]


def _reason(reason: str, count: int) -> str:
    if reason == "new":
        return f"{count:,} new"
    if reason in STATUSES:
        return f"{count:,} {reason} before"
    return f"{count:,} stale by {reason.replace('+', ' and ')}"


def _money(cost: float | None, currency: str) -> str:
    return "cost unknown without prices" if cost is None else f"{money(cost)} {currency}"


def _time(seconds: float | None) -> str:
    return "time unknown before anything was measured" if seconds is None else duration(seconds)


COMMAND = plan
