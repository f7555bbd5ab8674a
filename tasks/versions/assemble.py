"""Put a version together from step outputs: its manifest, card, contracts and report, as bytes, before any copy."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

import data_contracts
from generators.terms import consent_of, papers_of
from schemas.errors import BadTable
from schemas.keys import canonical_json, digest
from schemas.manifest import AskedEntry, FileEntry, GateEntry, Manifest, SourceEntry
from schemas.recipe import Recipe
from schemas.tables import FORMAT_VERSION
from tasks.report.checks_page import checks_page
from tasks.steps.store import StepOutput
from tasks.versions.card import CardFacts, render_card
from tasks.versions.croissant import CROISSANT, croissant
from tasks.versions.manifest import digest_of, dump_manifest

CHECKS = "report/checks.html"
_NOT_DATA = {"train", "evaluate"}


@dataclass(frozen=True, slots=True)
class Assembled:
    """A version before it is stored: the manifest, its bytes, and where the content of every file comes from."""

    manifest: Manifest
    data: bytes
    contents: Mapping[str, Path | bytes]
    facts: CardFacts

    @property
    def digest(self) -> str:
        """The version's identity."""
        return digest_of(self.data)


def assemble(
    recipe: Recipe,
    staged: StepOutput,
    validated: StepOutput,
    ingests: Sequence[StepOutput],
    contracts: Mapping[str, bytes] | None = None,
) -> Assembled:
    """The version that these step outputs make, under our contracts or those given; reads only small files."""
    tables = [FileEntry.model_validate(entry) for entry in staged.facts["files"]]
    gates = [_gate(verdict) for verdict in verdicts(validated)]
    sources = sorted((_source(done, staged) for done in ingests), key=lambda source: source.name)
    limits = list(_limits(validated, sources, staged))
    models, asked = staged.facts["models"], asked_of(recipe, staged)
    overlaps = staged.facts.get("overlaps", [])
    facts = CardFacts(recipe, tables, sources, gates, limits, overlaps, models=models, asked=asked)
    described = {"README.md": render_card(facts).encode(), CROISSANT: croissant(recipe, tables, sources)}
    small = {**described, **(contracts or _contracts()), **_report(recipe, validated, staged)}
    files = [*tables, *(FileEntry(path=path, size=len(d), sha256=digest_of(d)) for path, d in small.items())]
    manifest = _manifest(recipe, sorted(files, key=lambda entry: entry.path), sources, gates, staged, validated)
    contents: dict[str, Path | bytes] = {**{entry.path: staged.folder / entry.path for entry in tables}, **small}
    return Assembled(manifest, dump_manifest(manifest), contents, facts)


def verdicts(validated: StepOutput) -> list[dict[str, Any]]:
    """What every gate found, as the validate step wrote it."""
    found: list[dict[str, Any]] = json.loads((validated.folder / "gates.json").read_bytes())
    return found


def published_recipe(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a version remembers it: without training settings and without any folder of the build machine."""
    kept = recipe.model_dump(mode="json", exclude=_NOT_DATA)
    kept["describe"] = recipe.describe.placeless()
    if recipe.prices is None:
        del kept["prices"]
    kept["sources"] = [_published_choice(choice) for choice in kept["sources"]]
    for step in ("link", "mine"):
        if kept[step]["model"]:
            kept[step]["model"] = Path(kept[step]["model"]).name
    return kept


def _published_choice(choice: Mapping[str, Any]) -> dict[str, Any]:
    reason = choice["accept_withdrawn"]
    return {"name": choice["name"]} | ({"accept_withdrawn": reason} if reason else {})


def _manifest(
    recipe: Recipe,
    files: list[FileEntry],
    sources: list[SourceEntry],
    gates: list[GateEntry],
    staged: StepOutput,
    validated: StepOutput,
) -> Manifest:
    kept = published_recipe(recipe)
    return Manifest(
        format_version=FORMAT_VERSION,
        name=recipe.name,
        version=recipe.version,
        title=recipe.title,
        seed=recipe.seed,
        recipe=kept,
        recipe_digest=digest(kept),
        sources=sources,
        gates=gates,
        steps={**staged.facts["steps"], "stage": staged.digest, "validate": validated.digest},
        models=staged.facts["models"],
        asked=asked_of(recipe, staged),
        parents=[],
        writer=f"pyarrow {pa.__version__}",
        files=files,
    )


def asked_of(recipe: Recipe, staged: StepOutput) -> list[AskedEntry] | None:
    """What was asked of each model, with its price by the recipe's table; None for versions that were staged before
    this was counted."""
    accounts = staged.facts.get("asked")
    prices = recipe.prices
    if accounts is None:
        return None
    if prices is None:
        return [AskedEntry(**account) for account in accounts]
    costs = (prices.cost(each["model"], each["prompt_tokens"], each["completion_tokens"]) for each in accounts)
    return [
        AskedEntry(**account, cost=None if cost is None else round(cost, 6), currency=prices.currency)
        for account, cost in zip(accounts, costs, strict=True)
    ]


def _gate(verdict: Mapping[str, Any]) -> GateEntry:
    return GateEntry(**{name: verdict[name] for name in GateEntry.model_fields})


def _source(ingested: StepOutput, staged: StepOutput) -> SourceEntry:
    facts = ingested.facts
    counts = staged.facts["sources"][facts["source"]]
    return SourceEntry(
        name=facts["source"],
        title=facts["title"],
        raw_digest=facts["raw_digest"],
        reader_version=facts["reader_version"],
        licence=facts["licence"],
        access_status=facts["access_status"],
        release_allowed=facts["release_allowed"],
        images=counts["images"],
        persons=counts["persons"],
        rejects=counts["rejects"],
        reported=facts.get("reported", []),
        accepted_withdrawn=facts.get("accepted_withdrawn"),
        consent=facts.get("consent") or consent_of(facts["source"], facts["access_status"]),
        papers=facts.get("papers") or papers_of(facts["source"], facts["access_status"]),
    )


def _contracts() -> dict[str, bytes]:
    folder = Path(data_contracts.__path__[0])
    return {f"contracts/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.yaml"))}


def _report(recipe: Recipe, validated: StepOutput, staged: StepOutput) -> dict[str, bytes]:
    """What the validate step wrote, as files for machines and as a page for people, and what the build counted."""
    found = {
        f"report/{path.relative_to(validated.folder).as_posix()}": path.read_bytes()
        for path in sorted(validated.folder.rglob("*.json"))
        if path.name != "step.json"
    }
    counted = {key: staged.facts[key] for key in ("counts", "sources", "composed")}
    counted["overlaps"] = staged.facts.get("overlaps", [])
    expected = json.loads((validated.folder / "expectations.json").read_bytes())
    if any("observed" not in one for one in expected):
        raise BadTable(
            f"The checks of this build of {recipe.name!r} were written by an older release: run "
            f"`reidforge build {recipe.name}` again; it goes over nothing but the checks."
        )
    page = checks_page(f"Checks of {recipe.name} {recipe.version}", expected, verdicts(validated))
    return {**found, "report/build.json": canonical_json(counted), CHECKS: page}


def _limits(validated: StepOutput, sources: Sequence[SourceEntry], staged: StepOutput) -> Iterator[str]:
    """What a reader must know before trusting the data, one sentence each."""
    for verdict in verdicts(validated):
        if not verdict["passed"]:
            yield f"{verdict['title']}: {_sentence(verdict['summary'])} {verdict.get('remedy', '')}".strip()
    for source in sources:
        if source.accepted_withdrawn:
            yield f"{source.title} was withdrawn by its authors; used here because: {source.accepted_withdrawn}"
        if not source.release_allowed:
            yield kept_here(source)
        if other := _other_counts(source):
            yield f"{source.title} does not have the size its authors report: {other}."
    for family, facts in staged.facts["composed"].items():
        for short in facts.get("shortfalls", ()):
            yield f"{family}, {short['split']}: {short['filled']} of {short['wanted']} rows wanted; {short['reason']}."
    yield "Captions and answers made from labels say only what the labels say; unlabelled attributes stay unknown."


def kept_here(source: SourceEntry) -> str:
    """The limit of a version that holds pictures of a source which may not be passed on."""
    return f"{source.title} may not be redistributed: keep this version where its licence allows it."


def _other_counts(source: SourceEntry) -> str:
    """The counts of images that differ from the official ones, in words; a synthetic source has none to keep."""
    reported = [] if source.access_status == "synthetic" else source.reported
    images = [count for count in reported if str(count.get("what", "")).endswith("images")]
    other = [count for count in images if count.get("official") not in (None, count.get("found"))]
    return ", ".join(f"{count['what']} {count['found']} of {count['official']}" for count in other)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
