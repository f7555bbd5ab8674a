"""Stage a version: the outputs of the steps become one folder of content-named files, ready for gates and publishing.

store/steps/stage/<digest>/data/images/market1501-0000-<sha12>.parquet, data/captions/market1501-<sha12>.parquet,
data/identity_links/all-<sha12>.parquet, data/stage2/train-SAME_YN-<sha12>.parquet, or for a family of many rows
data/stage2/train-SAME_YN-0000-<sha12>.parquet and so on
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas import tables as table_schemas
from schemas.backend import full_name
from schemas.errors import DigestMismatch, NotWritable
from schemas.keys import code_revision, file_sha256
from schemas.recipe import Recipe
from schemas.tables import SPLITS, TABLES
from tasks.describing import accounts
from tasks.describing.accounts import summed
from tasks.steps.store import StepOutput, run_step
from tasks.versions import streaming, writer
from tasks.versions.streaming import logical_of
from tasks.versions.writer import write


class Parts(Protocol):
    """The three steps of one source."""

    @property
    def ingested(self) -> StepOutput:
        """The source's ingest."""
        ...

    @property
    def described(self) -> StepOutput:
        """The source's captions and attributes."""
        ...

    @property
    def mined(self) -> StepOutput:
        """The source's neighbours."""
        ...


Entry = dict[str, Any]


def stage(
    store: Path,
    recipe: Recipe,
    parts: Sequence[Parts],
    linked: StepOutput,
    composed: Mapping[str, StepOutput],
    benchmarked: StepOutput,
) -> StepOutput:
    """The staged version folder; facts: `files` (manifest entries), `counts`, `sources`, `steps`, `models`, `asked`.

    Files are hard links of step outputs where the disk allows it. Raises DigestMismatch for a damaged pack.
    """
    ordered = sorted(parts, key=lambda part: str(part.ingested.facts["source"]))
    stages = {family: recipe.families[family].stage for family in sorted(composed)}
    steps = _step_digests(ordered, linked, composed, benchmarked)
    code = code_revision(import_module(__name__), writer, streaming, table_schemas, accounts)
    inputs = {"steps": steps, "stages": stages, "code": code}

    def work(folder: Path) -> dict[str, Any]:
        entries = [
            *(entry for part in ordered for entry in _source_files(store, folder, part)),
            *_joint_files(folder, linked, benchmarked),
            *(entry for family, number in stages.items() for entry in _family_files(folder, composed, family, number)),
        ]
        return {**_facts(entries, ordered, steps, composed), "overlaps": linked.facts.get("overlaps", [])}

    return run_step(store, "stage", inputs, work)


def _step_digests(
    parts: Sequence[Parts], linked: StepOutput, composed: Mapping[str, StepOutput], benchmarked: StepOutput
) -> dict[str, str]:
    found = {"link": linked.digest, "protocols": benchmarked.digest}
    for part in parts:
        source = part.ingested.facts["source"]
        found[f"ingest/{source}"] = part.ingested.digest
        found[f"describe/{source}"] = part.described.digest
        found[f"mine/{source}"] = part.mined.digest
    found.update({f"compose/{family}": done.digest for family, done in composed.items()})
    return dict(sorted(found.items()))


def _source_files(store: Path, folder: Path, part: Parts) -> Iterator[Entry]:
    source = str(part.ingested.facts["source"])
    yield from _packs(store, folder, part.ingested, source)
    yield _shared(folder, "person_images", source, [part.ingested])
    yield _shared(folder, "captions", source, [part.described])
    yield _shared(folder, "attributes", source, [part.described])
    for name in ("statements", "text_scores"):
        if (part.described.folder / f"{name}.parquet").is_file():
            yield _shared(folder, name, source, [part.described])
    yield _shared(folder, "neighbours", source, [part.mined])
    yield _shared(folder, "rejects", source, [part.ingested, part.described, part.mined])


def _packs(store: Path, folder: Path, ingested: StepOutput, source: str) -> Iterator[Entry]:
    packs = ingested.facts["packs"]
    for number, pack in enumerate(packs):
        path = store / "packs" / pack["file"]
        if not path.is_file() or file_sha256(path) != pack["sha256"]:
            raise DigestMismatch(
                f"The pack {pack['file']!r} of the store is missing or damaged: remove the store's "
                f"ingest of {source!r} and build again."
            )
        yield _put(folder, "images", f"{source}-{number:04d}", path)
    if not packs:
        yield _written(folder, "images", f"{source}-0000", TABLES["images"].schema.empty_table())


def _joint_files(folder: Path, linked: StepOutput, benchmarked: StepOutput) -> Iterator[Entry]:
    yield _shared(folder, "identity_links", "all", [linked])
    yield _shared(folder, "protocols", "all", [benchmarked])
    yield _shared(folder, "protocol_members", "all", [benchmarked])


def _family_files(folder: Path, composed: Mapping[str, StepOutput], family: str, number: int) -> Iterator[Entry]:
    """The files of one family: train-SAME_YN, or train-SAME_YN-0000 and so on where a split has several."""
    step = composed[family]
    for split in SPLITS:
        files = [file for file in step.facts["files"] if file["split"] == split]
        for shard, file in enumerate(files):
            label = f"{split}-{family}" if len(files) == 1 else f"{split}-{family}-{shard:04d}"
            known = (int(file["rows"]), str(file["logical"]))
            entry = _put(folder, "conversations", label, step.folder / file["name"], f"stage{number}", known)
            yield {**entry, "split": split, "stage": number}


def _shared(folder: Path, table: str, label: str, steps: Sequence[StepOutput]) -> Entry:
    """One table from the steps that wrote a part of it: linked when there is one part, merged when there are more."""
    paths = [step.folder / f"{table}.parquet" for step in steps]
    found = [path for path in paths if path.is_file()]
    if len(found) == 1:
        return _put(folder, table, label, found[0])
    schema = TABLES[table].schema
    merged = [pq.read_table(path, columns=schema.names, partitioning=None).cast(schema) for path in found]
    return _written(folder, table, label, pa.concat_tables(merged) if merged else schema.empty_table())


def _written(folder: Path, table: str, label: str, content: pa.Table) -> Entry:
    draft = folder / f".{table}.parquet"
    write(TABLES[table], content, draft)
    entry = _put(folder, table, label, draft)
    draft.unlink()
    return entry


def _put(
    folder: Path, table: str, label: str, path: Path, place: str | None = None, known: tuple[int, str] | None = None
) -> Entry:
    """Put a canonical file below data/ under its content's name, and describe it as the manifest will.

    `known` are its rows and logical digest where the step that wrote it has noted them; else it is read for them.
    """
    sha256 = file_sha256(path)
    name = f"data/{place or table}/{label}-{sha256[:12]}.parquet"
    _link(path, folder / name)
    rows, logical = known or logical_of(path)
    return {
        "path": name,
        "size": path.stat().st_size,
        "sha256": sha256,
        "rows": rows,
        "logical": logical,
        "table": table,
    }


def _link(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except OSError:
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise NotWritable(f"The file {target.name!r} could not be staged ({error.strerror}).") from error


def _facts(
    entries: list[Entry],
    parts: Sequence[Parts],
    steps: Mapping[str, str],
    composed: Mapping[str, StepOutput],
) -> dict[str, Any]:
    counts = dict.fromkeys(sorted({entry["table"] for entry in entries}), 0)
    for entry in entries:
        counts[entry["table"]] += entry["rows"]
    return {
        "files": sorted(entries, key=lambda entry: str(entry["path"])),
        "counts": counts,
        "sources": {str(part.ingested.facts["source"]): _source_counts(part, entries) for part in parts},
        "steps": dict(steps),
        "models": _models(parts),
        "asked": summed(part.described.facts.get("asked", []) for part in parts),
        "composed": {family: _told(done) for family, done in sorted(composed.items())},
    }


def _told(composed: StepOutput) -> dict[str, Any]:
    """What a family's step counted; its files stand among those of the version."""
    return {name: fact for name, fact in composed.facts.items() if name != "files"}


def _source_counts(part: Parts, entries: Sequence[Entry]) -> dict[str, int]:
    source = part.ingested.facts["source"]
    people = pq.read_table(part.ingested.folder / "person_images.parquet", columns=["person_key"])
    own = {entry["table"]: 0 for entry in entries}
    for entry in entries:
        if str(entry["path"]).startswith(f"data/{entry['table']}/{source}-"):
            own[entry["table"]] += entry["rows"]
    persons = pc.count_distinct(people.column("person_key"), mode="only_valid").as_py()
    return {"images": own["images"], "persons": persons, "captions": own["captions"], "rejects": own["rejects"]}


def _models(parts: Sequence[Parts]) -> dict[str, str]:
    """The model behind each text and each neighbour list, by step and source."""
    found: dict[str, str] = {}
    for part in parts:
        for step in (part.described, part.mined):
            if model := step.facts.get("model"):
                name = full_name(model, step.facts.get("revision", ""))
                found[f"{step.step}/{part.ingested.facts['source']}"] = name
    return dict(sorted(found.items()))
