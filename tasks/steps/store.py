"""The build store: the outputs of every step, in a folder named by the digest of what went into it.

store/steps/<step>/<digest>/ holds the step's files and, written last, `step.json`. A step whose digest exists is
skipped; that decision is ours, from these records, and never an orchestrator's cache.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import NotWritable, UnknownVersion
from schemas.keys import canonical_json, digest

LAID_OUT = ".people-"  # begins the name of a folder in a store that lasts as long as one step of a build


@dataclass(frozen=True, slots=True)
class StepOutput:
    """A finished step: its folder, its digest, whether it was already there, and the facts it recorded."""

    step: str
    digest: str
    folder: Path
    skipped: bool
    facts: Mapping[str, Any]


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that becomes it, whole, when the block ends without an error.

    When another process finished the same target first, ours is dropped: both have the same content by digest.
    Raises NotWritable when the parent cannot be written.
    """
    draft = _draft(target)
    try:
        yield draft
        with contextlib.suppress(FileExistsError, OSError):
            os.rename(draft, target)
    finally:
        _clear(draft)
    if not target.is_dir():
        raise NotWritable(f"The folder {target.name!r} could not be put in place below {str(target.parent)!r}.")


def _draft(target: Path) -> Path:
    draft = target.parent / f".draft-{os.urandom(8).hex()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
    except OSError as error:
        raise NotWritable(
            f"The folder {str(target.parent)!r} cannot be written ({error.strerror}). "
            "Give a --store you may write to, or change its permissions."
        ) from error
    return draft


def _clear(draft: Path) -> None:
    """Remove a draft that was not put in place."""
    if draft.exists():
        import shutil

        shutil.rmtree(draft, ignore_errors=True)


def run_step(
    store: Path, step: str, inputs: Mapping[str, Any], work: Callable[[Path], Mapping[str, Any]]
) -> StepOutput:
    """Do a step once. `inputs` (digests, parameters, code revisions, seed) names it; `work` fills a folder.

    `work` returns the facts worth remembering (counts, figures); they must be JSON and free of times and paths.
    """
    name, folder = _place(store, step, inputs)
    skipped = (folder / "step.json").is_file()
    if not skipped:
        with new_folder(folder) as draft:
            facts = dict(work(draft))
            record = {"step": step, "digest": name, "inputs": inputs, "facts": facts}
            (draft / "step.json").write_bytes(canonical_json(record))
    return load_step(folder, skipped)


def load_step(folder: Path, skipped: bool = True) -> StepOutput:
    """The output of a step that was done before, from its folder. Raises UnknownVersion when there is none."""
    path = folder / "step.json"
    if not path.is_file():
        raise UnknownVersion(f"The store holds no finished step at {str(folder)!r}: build again.")
    record = json.loads(path.read_bytes())
    return StepOutput(record["step"], record["digest"], folder, skipped, record["facts"])


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a small JSON record in one step: a reader sees the old one or the new one, never half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(canonical_json(record))
        os.replace(draft, path)
    except OSError as error:
        raise NotWritable(f"The file {str(path)!r} cannot be written ({error.strerror}).") from error


def find_step(store: Path, step: str, inputs: Mapping[str, Any]) -> StepOutput | None:
    """The output of a step that was done before with these inputs; None when it was not."""
    name, folder = _place(store, step, inputs)
    if not (folder / "step.json").is_file():
        return None
    return StepOutput(step, name, folder, True, json.loads((folder / "step.json").read_bytes())["facts"])


def forget_steps(store: Path, step: str, meant: Callable[[Mapping[str, Any]], bool]) -> int:
    """Remove the finished steps of a name whose inputs are meant, and all that was made from them; how many.

    The next build does them again. What was published stays.
    """
    records = [json.loads(path.read_bytes()) for path in sorted(store.glob("steps/*/*/step.json"))]
    doomed = {record["digest"] for record in records if record["step"] == step and meant(record["inputs"])}
    while grown := _made_from(doomed, records) - doomed:
        doomed |= grown
    for record in records:
        if record["digest"] in doomed:
            folder = store / "steps" / record["step"] / record["digest"][:24]
            _clear(folder.rename(folder.with_name(f".draft-{os.urandom(8).hex()}")))
    return len(doomed)


def _made_from(doomed: set[str], records: Sequence[Mapping[str, Any]]) -> set[str]:
    """The steps into which one of some others went, by its digest among their inputs."""
    inputs = {record["digest"]: json.dumps(record["inputs"]) for record in records}
    return {name for name, text in inputs.items() if any(other in text for other in doomed)}


def _place(store: Path, step: str, inputs: Mapping[str, Any]) -> tuple[str, Path]:
    name = digest({"step": step, "inputs": inputs})
    return name, store / "steps" / step / name[:24]
