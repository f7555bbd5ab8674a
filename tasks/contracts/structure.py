"""Whether the files of a version are tables as promised: readable, with the promised columns and types.

It answers with findings and never raises on bad data; `tasks.contracts.tables` then looks at the rows.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from schemas.errors import BadTable
from tasks.contracts.finding import Finding
from tasks.contracts.load import Contract, arrow_schema
from tasks.contracts.parts import Filed, InFile
from tasks.contracts.paths import lenient


def check_files(
    version: Filed, contracts: Mapping[str, Contract], opened: Callable[[Path], InFile] = InFile
) -> list[Finding]:
    """Whether every file of every table can be read and has the promised columns; absent required tables too."""
    found: list[Finding] = []
    for name, contract in sorted(contracts.items()):
        paths = version.files(name)
        if not paths and contract.required:
            found.append(Finding(table=name, check="present", summary=f"the table {name} is not there"))
        promised = arrow_schema(contract)
        found.extend(finding for path in paths for finding in _file(name, path, promised, opened))
    return found


def _file(table: str, path: Path, promised: pa.Schema, opened: Callable[[Path], InFile]) -> Iterator[Finding]:
    place = f"{path.parent.name}/{path.name}"
    try:
        actual = opened(path).schema
    except BadTable as error:
        reason = str(error.__cause__).splitlines()[0][:160]
        yield Finding(table=table, check="readable", summary=f"{place} is not Parquet: {reason}", failing=(place,))
        return
    for problem in _differences(promised, actual):
        yield Finding(table=table, check="columns", summary=f"{place}: {problem}", failing=(place,))


def _differences(promised: pa.Schema, actual: pa.Schema) -> Iterator[str]:
    for field in promised:
        if field.name not in actual.names:
            yield f"the column {field.name} is missing"
            continue
        there = actual.field(field.name).type
        if not there.equals(field.type) and not lenient(there).equals(lenient(field.type)):
            yield f"the column {field.name} is {there}, promised is {field.type}"
    for name in actual.names:
        if name not in promised.names:
            yield f"the column {name} is not promised"
    if set(actual.names) == set(promised.names) and actual.names != promised.names:
        yield f"the columns stand in the order {', '.join(actual.names)}"
