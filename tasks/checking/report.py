"""Checking a version folder, and the report: one line per broken promise.

FAILED gate identity_leak: 3 ids (…, …, …): 3 rows of train show a picture of a protocol. Remedy: …
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from schemas.errors import DigestMismatch
from schemas.keys import file_sha256
from schemas.manifest import FileEntry, GateEntry, Manifest
from schemas.tables import TABLES
from tasks.checking.entries import Entry, describe
from tasks.checking.placing import check_placing
from tasks.contracts.finding import Finding
from tasks.contracts.load import SUFFIX, Contract, load_contracts, with_links_into
from tasks.contracts.parts import InFile
from tasks.contracts.structure import check_files
from tasks.contracts.tables import AT_ONCE, check_tables
from tasks.versions.manifest import MANIFEST
from tasks.versions.reader import VersionFolder
from tasks.versions.selecting import SELECTION, held_entries
from tasks.versions.verify import inside, refuse_difference

Depth = Literal["structure", "gates", "deep"]
_IDS_SHOWN = 5
_OF_PIXELS = "image_bytes"  # judged when the version was built; what is shared without pictures has nothing to judge
_RESTORE = "pull the version again, these are not the published bytes"
_BUILD = "build the version again from its raw folders"
_MEND = "write the file as its contract says, or name the contract of another table with --contract"
_OF_FILES = ("readable", "columns", "present")


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken promise in the terms of every report form; `path` is a file inside the version, or empty."""

    rule: str
    severity: str
    message: str
    remedy: str
    path: str = ""
    failing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is broken and what to do."""
        return f"{self.message.removesuffix('.')}. Remedy: {self.remedy}"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found: `files` and `contract` findings, the verdict of every gate, and of a comparison.

    `judged` is whether the gates were run, not only read from the manifest; `part` says what was looked at when that
    is not a whole version.
    """

    version: str
    files: tuple[Finding, ...]
    contract: tuple[Finding, ...]
    gates: tuple[Entry, ...]
    judged: bool = True
    part: str = ""
    published: bool = True
    against: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no promise of severity error is broken."""
        return all(problem.severity != "error" for problem in self.problems)

    @property
    def problems(self) -> list[Problem]:
        """Every broken promise, files first."""
        remedy = _BUILD if self.published else _MEND
        broken = [_contract_problem(finding, remedy) for finding in self.contract]
        broken = broken if self.published else [replace(problem, path="") for problem in broken]
        return [*map(_file_problem, self.files), *broken, *self._others()]

    def _others(self) -> Iterator[Problem]:
        for entry in self.gates:
            if not entry.passed:
                ids = _ids(entry.failing, len(entry.failing))
                words = f"gate {entry.name}:{ids} {entry.summary}"
                yield Problem(f"gate.{entry.name}", entry.severity, words, entry.remedy, "", entry.failing)
        for finding in self.against:
            yield Problem(f"against.{finding.check}", finding.severity, finding.summary, _REMEDIES[finding.check])

    @property
    def lines(self) -> list[str]:
        """One line per broken promise, then one that sums up."""
        return [*map(_line, self.problems), self.summary]

    @property
    def summary(self) -> str:
        """One line on the whole."""
        passed = sum(entry.passed for entry in self.gates)
        state = "keeps its promises" if self.ok else "breaks its promises"
        files = f": {_differ(len(self.files)) if self.files else 'every file is as published'}"
        when = "" if self.judged else " when it was built (--gates runs them again)"
        gates = f", {passed} of {len(self.gates)} gates passed{when}" if self.gates else ""
        return f"{self.version} {state}{files if self.published else ''}{gates}.{f' {self.part}' if self.part else ''}"

    def to_json(self) -> str:
        """The report for machines."""
        found: dict[str, Any] = {
            "version": self.version,
            "ok": self.ok,
            "part": self.part,
            "files": [finding.as_json() for finding in self.files],
            "contract": [finding.as_json() for finding in self.contract],
            "gates": [entry.as_json() for entry in self.gates],
            "gates_run": self.judged,
            "against": [finding.as_json() for finding in self.against],
        }
        return json.dumps(found, indent=1, ensure_ascii=False)


def _differ(n: int) -> str:
    return "1 file differs" if n == 1 else f"{n} files differ"


_REMEDIES = {
    "step": "Raise `version:` in the recipe by that step and build again.",
    "drift": "Look at what moved with `reidforge diff`; the limit stands in the contract of the table.",
}


def _file_problem(found: Finding) -> Problem:
    path = found.failing[0] if found.failing else ""
    return Problem(f"files.{found.check}", found.severity, f"files: {found.summary}", f"{_RESTORE}.", path)


def _contract_problem(found: Finding, remedy: str) -> Problem:
    """A broken contract; of a file that is not the table it should be, nothing is counted."""
    shapeless = found.check in _OF_FILES
    words = f"{found.table}: {found.summary}" if shapeless else f"{describe(found)}{_ids(found.failing, found.count)}"
    path = f"contracts/{found.table}{SUFFIX}"
    return Problem(f"contract.{found.table}", found.severity, f"contract {words}", f"{remedy}.", path, found.failing)


def _line(problem: Problem) -> str:
    """One line, whatever breaks or control characters the data put into it."""
    words = re.sub(r"[\x00-\x1f\x7f]+", " ", problem.words)
    return f"{'FAILED' if problem.severity == 'error' else 'WARNING'} {words}"


def _ids(failing: tuple[str, ...], count: int) -> str:
    if not failing:
        return ""
    more = ", …" if max(count, len(failing)) > _IDS_SHOWN else ""
    return f" {count} {'id' if count == 1 else 'ids'} ({', '.join(failing[:_IDS_SHOWN])}{more})"


def check_folder(folder: Path, depth: Depth = "gates", contract: Contract | None = None) -> CheckReport:
    """Check a published version: every byte against the manifest, then its contracts.

    `gates` runs the gates again, `deep` the expectations and the digests of content too; `structure` reads the gates'
    verdicts from the manifest. A version is held against the contracts it was published with, but for the one given; a
    pulled part is held against what its contracts say of that part. Raises UnknownVersion for a folder that is none,
    FormatTooNew for one that a newer reidforge wrote.
    """
    version = VersionFolder(folder)
    manifest = version.manifest
    entries = held_entries(folder, manifest.files, manifest)
    whole = len(entries) == len(manifest.files)
    contracts = contracts_of(folder) | ({contract.table.name: contract} if contract else {})
    held = contracts if whole else _contracts_of_part(contracts, manifest, entries)
    opened = cache(InFile)
    files = (*_files(folder, entries, opened), *_unread(version))
    shape = check_files(version, held, opened)
    rows = check_tables(version, held, shape, opened)
    deep = _deep(version, held, entries) if depth == "deep" and not shape else []
    judged = whole and depth != "structure"
    return CheckReport(
        version=f"{manifest.name}@{manifest.version}",
        files=files,
        contract=(*shape, *rows, *deep),
        gates=tuple(_judged(version, contracts, bool(shape)) if judged else map(_recorded, manifest.gates)),
        judged=judged,
        part="" if whole else f"A part of it: {len(entries)} of {len(manifest.files)} files were pulled.",
    )


def contracts_of(folder: Path) -> dict[str, Contract]:
    """The contracts that a version was published with; ours for a folder that has none yet."""
    own = folder / "contracts"
    return load_contracts(own if any(own.glob(f"*{SUFFIX}")) else None)


def _contracts_of_part(
    contracts: Mapping[str, Contract], manifest: Manifest, entries: list[FileEntry]
) -> dict[str, Contract]:
    """The contracts of the tables that a part holds, with foreign keys only into tables that are there whole."""
    held = {entry.table for entry in entries if entry.table}
    whole = held - {entry.table for entry in manifest.files if entry not in entries}
    return {name: with_links_into(one, whole) for name, one in contracts.items() if name in held}


def _judged(version: VersionFolder, contracts: Mapping[str, Contract], broken: bool) -> list[Entry]:
    from tasks.checking.runner import gate_entries, gates_left_out, run_gates, wishes_of

    if broken:
        return gates_left_out(contracts)
    found = gate_entries(run_gates(version, contracts, wishes_of(version.manifest.recipe)))
    if not version.manifest.withheld:
        return found
    recorded = {gate.name: _recorded(gate) for gate in version.manifest.gates if gate.name == _OF_PIXELS}
    return [recorded.get(entry.name, entry) for entry in found]


def _recorded(gate: GateEntry) -> Entry:
    """A gate's verdict as it was published: without ids, which the manifest does not keep."""
    return Entry(**gate.model_dump(), remedy="Run the gates again with --gates to see which rows.")


def _deep(version: VersionFolder, contracts: Mapping[str, Contract], entries: list[FileEntry]) -> list[Finding]:
    from tasks.checking.contents import check_contents
    from tasks.contracts.expectations import broken_expectations

    return [*broken_expectations(version, contracts), *check_contents(version.folder, entries)]


def _files(folder: Path, entries: list[FileEntry], opened: Callable[[Path], InFile]) -> Iterator[Finding]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(partial(_file, folder, opened), entries):
            yield from found
    listed = {entry.path for entry in entries} | {MANIFEST, SELECTION}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in listed:
            words = f"the file {name!r} is not part of the published version"
            yield Finding(table="", check="extra", summary=words, failing=(name,))


def _file(folder: Path, opened: Callable[[Path], InFile], entry: FileEntry) -> list[Finding]:
    fault = _file_fault(folder, entry)
    differs = Finding(table=entry.table or "", check="digest", summary=fault, failing=(entry.path,))
    return [*([differs] if fault else []), *check_placing(folder, entry, opened)]


def _unread(version: VersionFolder) -> Iterator[Finding]:
    """Published Parquet files that stand where no reader looks."""
    read = {path for table in TABLES for path in version.files(table)}
    for path in sorted((version.folder / "data").rglob("*.parquet")):
        if path not in read:
            name = path.relative_to(version.folder).as_posix()
            words = f"the file {name!r} stands where no reader looks"
            yield Finding(table="", check="place", summary=words, failing=(name,))


def _file_fault(folder: Path, entry: FileEntry) -> str:
    """What is wrong with a published file; empty when nothing is."""
    try:
        path = inside(folder, entry.path)
        if path.is_symlink() or not path.is_file():
            return f"the file {entry.path!r} is missing"
        refuse_difference(entry, path.stat().st_size, file_sha256(path))
    except DigestMismatch as error:
        return str(error).removesuffix(".").replace("The file", "the file", 1)
    return ""
