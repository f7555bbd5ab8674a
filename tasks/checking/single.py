"""Checking one Parquet file by itself: its columns and rows against the contract of its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import BadTable, WrongUse
from tasks.checking.placing import metadata_of
from tasks.checking.report import CheckReport
from tasks.contracts.load import Contract, load_contracts, with_links_into
from tasks.contracts.parts import InFile
from tasks.contracts.structure import check_files
from tasks.contracts.tables import check_tables


@dataclass(frozen=True, slots=True)
class OneFile:
    """A Parquet file as the whole of one table."""

    name: str
    path: Path

    def files(self, table: str) -> list[Path]:
        """The file, when it is that table's."""
        return [self.path] if table == self.name else []

    def has(self, table: str) -> bool:
        """Whether the file is that table's."""
        return table == self.name

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The file's columns. Raises BadTable when they cannot be read."""
        try:
            return pq.read_table(self.path, columns=list(columns) if columns else None, partitioning=None)
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = str(error).splitlines()[0][:160]
            raise BadTable(f"The file {self.path.name!r} cannot be read to its end: {reason}") from error


def check_file(path: Path, contract: Contract | None = None, deep: bool = False) -> CheckReport:
    """Check one Parquet file, foreign keys left out. Raises WrongUse when nothing says which table it is."""
    known = contract or _contract(path)
    table = known.table.name
    contracts = {table: with_links_into(known, {table})}
    held = OneFile(table, path)
    shape = check_files(held, contracts)
    rows = check_tables(held, contracts, shape)
    if deep and not shape:
        from tasks.contracts.expectations import broken_expectations

        rows += broken_expectations(held, contracts)
    part = f"One file of the table {table}: foreign keys, digests and gates need a version."
    return CheckReport(path.name, (), (*shape, *rows), (), part=part, published=False)


def _contract(path: Path) -> Contract:
    contracts = load_contracts()
    try:
        said = metadata_of(InFile(path), path.name)
    except BadTable as error:
        raise BadTable(f"The file {path.name!r} is no Parquet file that can be read.") from error
    if said not in contracts:
        raise WrongUse(f"{path.name!r} does not say which table it is: name its contract with --contract.")
    return contracts[said]
