"""The dataset card: README.md with the `configs:` that let plain `datasets` load a version folder offline.

A table without rows gets a file but no config: `datasets` cannot open a split that has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from schemas.later import Later
from schemas.manifest import AskedEntry, FileEntry, GateEntry, SourceEntry
from schemas.recipe import Recipe
from schemas.tables import SPLITS, TABLES

if TYPE_CHECKING:
    from jinja2 import Template

jinja2 = Later("jinja2")

STAGES = {1: "person-attribute understanding", 2: "fine-grained image retrieval", 3: "multi-modal task reasoning"}
_PLAIN = (
    "images",
    "person_images",
    "captions",
    "attributes",
    "statements",
    "text_scores",
    "identity_links",
    "neighbours",
    "protocols",
    "protocol_members",
    "rejects",
)


_ASKED_FOR = ("statements", "text_scores")


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says: everything but the digest of the version, which covers the card itself."""

    recipe: Recipe
    files: Sequence[FileEntry]
    sources: Sequence[SourceEntry]
    gates: Sequence[GateEntry]
    limits: Sequence[str]
    overlaps: Sequence[Mapping[str, Any]] = ()
    withheld: Sequence[str] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    asked: Sequence[AskedEntry] | None = None


def render_card(facts: CardFacts) -> str:
    """The card as Markdown with YAML front matter."""
    text = _template().render(
        facts=facts,
        spent=_spent(facts.asked or ()),
        rejected=_rejected(facts.asked or ()),
        tables=[
            (name, TABLES[name].grain, _rows(facts.files, name)) for name in (*_shown(facts.files), "conversations")
        ],
        stages=_stage_rows(facts.files),
        first=_first(facts.files),
        synthetic=any(source.access_status == "synthetic" for source in facts.sources),
        empty=[name for name in _shown(facts.files) if not _rows(facts.files, name)],
    )
    return f"---\n{_front_matter(facts)}---\n{text}"


@cache
def _template() -> "Template":
    """The card's template, compiled once in a process, which takes longer than to fill it in."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader,
        autoescape=jinja2.select_autoescape(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    made: Template = environment.get_template("card.md.jinja")
    return made


def _spent(asked: Sequence[AskedEntry]) -> list[str]:
    """What the answers cost in all, per currency; nothing where no price was known."""
    sums: dict[str, float] = {}
    for entry in asked:
        if entry.cost is not None and entry.currency is not None:
            sums[entry.currency] = sums.get(entry.currency, 0.0) + entry.cost
    return [f"{cost:.6g} {currency}" for currency, cost in sorted(sums.items())]


def _rejected(asked: Sequence[AskedEntry]) -> list[tuple[str, int]]:
    """Rejected answers by reason, the most frequent first."""
    sums: dict[str, int] = {}
    for entry in asked:
        for reason, count in entry.rejects.items():
            sums[reason] = sums.get(reason, 0) + count
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def _shown(files: Sequence[FileEntry]) -> list[str]:
    """The tables a card lists: those that only some recipes ask for are left out where there are none."""
    held = {file.path.split("/")[1] for file in files if file.path.startswith("data/")}
    return [name for name in _PLAIN if name not in _ASKED_FOR or name in held]


def _cell(text: object) -> str:
    """Any text as one Markdown table cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def configs(files: Sequence[FileEntry]) -> list[dict[str, Any]]:
    """The `configs:` of the card: one per table, one per stage with its splits; those without rows are left out."""
    plain = [
        {"config_name": name, "data_files": [{"split": "train", "path": f"data/{name}/*.parquet"}]}
        for name in _PLAIN
        if _rows(files, name)
    ]
    staged = [
        {"config_name": f"stage{stage}", "data_files": _split_files(files, stage)}
        for stage in STAGES
        if _split_files(files, stage)
    ]
    return [*plain, *staged]


def _split_files(files: Sequence[FileEntry], stage: int) -> list[dict[str, str]]:
    filled = {entry.split for entry in files if entry.stage == stage and entry.rows}
    return [{"split": split, "path": f"data/stage{stage}/{split}-*.parquet"} for split in SPLITS if split in filled]


def _front_matter(facts: CardFacts) -> str:
    front = {
        "pretty_name": facts.recipe.title,
        "license": "other",
        "license_name": "see-sources",
        "task_categories": ["image-text-to-text", "visual-question-answering"],
        "tags": ["person-re-identification", "instruction-tuning", "reidforge"],
        "configs": configs(facts.files),
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def _rows(files: Sequence[FileEntry], table: str) -> int:
    return sum(entry.rows or 0 for entry in files if entry.table == table)


def _stage_rows(files: Sequence[FileEntry]) -> list[tuple[int, str, str, Mapping[str, int]]]:
    """(stage, its name, family, {split: rows}) for every family."""
    found: dict[tuple[int, str], dict[str, int]] = {}
    for entry in files:
        if entry.stage and entry.split:
            held = found.setdefault((entry.stage, entry.family), {})
            held[entry.split] = held.get(entry.split, 0) + (entry.rows or 0)
    return [(stage, STAGES[stage], family, found[stage, family]) for stage, family in sorted(found)]


def _first(files: Sequence[FileEntry]) -> tuple[str, str] | None:
    """The config and split that the card's example loads: stage 2 when it has rows."""
    for stage in (2, 1, 3):
        if splits := _split_files(files, stage):
            return f"stage{stage}", splits[0]["split"]
    return None
