"""Checking a published version folder on its own, and the report: one line per broken promise.

FAILED gate identity_leak: 3 ids (…, …, …): 3 rows of train show a picture of a protocol. Remedy: …
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import DigestMismatch
from schemas.keys import file_sha256
from schemas.manifest import FileEntry, Manifest
from schemas.tables import TABLES
from tasks.checking.runner import Entry, describe, gate_entries, gates_left_out, run_gates, wishes_of
from tasks.contracts.finding import Finding
from tasks.contracts.load import SUFFIX, Contract, load_contracts
from tasks.contracts.structure import check_files, check_tables
from tasks.versions.manifest import MANIFEST
from tasks.versions.reader import VersionFolder
from tasks.versions.verify import inside, refuse_difference

_IDS_SHOWN = 5
_RESTORE = "pull the version again, these are not the published bytes"
_BUILD = "build the version again from its raw folders"


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found: `files` and `contract` findings, and the verdict of every gate."""

    version: str
    files: tuple[Finding, ...]
    contract: tuple[Finding, ...]
    gates: tuple[Entry, ...]

    @property
    def ok(self) -> bool:
        """Whether no promise of severity error is broken."""
        findings = (*self.files, *self.contract)
        broken = [finding for finding in findings if finding.severity == "error"]
        return not broken and all(entry.passed or entry.severity != "error" for entry in self.gates)

    @property
    def lines(self) -> list[str]:
        """One line per broken promise, then one that sums up."""
        return [*self._broken(), self._sum()]

    def _broken(self) -> Iterator[str]:
        for finding in self.files:
            yield f"{_word(finding.severity)} files: {finding.summary}. Remedy: {_RESTORE}."
        for finding in self.contract:
            ids = _ids(finding.failing, finding.count)
            yield f"{_word(finding.severity)} contract {describe(finding)}{ids}. Remedy: {_BUILD}."
        for entry in self.gates:
            if not entry.passed:
                ids = _ids(entry.failing, len(entry.failing))
                yield f"{_word(entry.severity)} gate {entry.name}:{ids} {entry.summary}. Remedy: {entry.remedy}"

    def _sum(self) -> str:
        passed = sum(entry.passed for entry in self.gates)
        state = "keeps its promises" if self.ok else "breaks its promises"
        files = f"{len(self.files)} files differ" if self.files else "every file is as published"
        return f"{self.version} {state}: {files}, {passed} of {len(self.gates)} gates passed."

    def to_json(self) -> str:
        """The report for machines."""
        found: dict[str, Any] = {
            "version": self.version,
            "ok": self.ok,
            "files": [finding.as_json() for finding in self.files],
            "contract": [finding.as_json() for finding in self.contract],
            "gates": [entry.as_json() for entry in self.gates],
        }
        return json.dumps(found, indent=1, ensure_ascii=False)


def _word(severity: str) -> str:
    return "FAILED" if severity == "error" else "WARNING"


def _ids(failing: tuple[str, ...], count: int) -> str:
    if not failing:
        return ""
    more = ", …" if max(count, len(failing)) > _IDS_SHOWN else ""
    return f" {count} {'id' if count == 1 else 'ids'} ({', '.join(failing[:_IDS_SHOWN])}{more})"


def check_folder(folder: Path, deep: bool = False) -> CheckReport:
    """Check a published version: every byte against the manifest, then contracts and gates; `deep` adds expectations.

    A version is held against the contracts it was published with. Raises UnknownVersion for a folder that is none.
    """
    version = VersionFolder(folder)
    manifest = version.manifest
    contracts = _contracts(folder)
    shape = check_files(version, contracts)
    rows = check_tables(version, contracts, shape)
    wishes = wishes_of(manifest.recipe)
    gates = gates_left_out(contracts) if shape else gate_entries(run_gates(version, contracts, wishes))
    if deep and not shape:
        rows += _deep(version, contracts)
    return CheckReport(
        version=f"{manifest.name}@{manifest.version}",
        files=(*_files(folder, manifest), *_unread(version)),
        contract=(*shape, *rows),
        gates=tuple(gates),
    )


def _contracts(folder: Path) -> dict[str, Contract]:
    own = folder / "contracts"
    return load_contracts(own if any(own.glob(f"*{SUFFIX}")) else None)


def _deep(version: VersionFolder, contracts: Mapping[str, Contract]) -> list[Finding]:
    from tasks.contracts.expectations import check_expectations

    return [outcome.as_finding() for outcome in check_expectations(version, contracts) if not outcome.passed]


def _files(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    for entry in manifest.files:
        if fault := _file_fault(folder, entry):
            yield Finding(table=entry.table or "", check="digest", summary=fault, failing=(entry.path,))
    listed = {entry.path for entry in manifest.files} | {MANIFEST}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in listed:
            words = f"the file {name!r} is not part of the published version"
            yield Finding(table="", check="extra", summary=words, failing=(name,))


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
