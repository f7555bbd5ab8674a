"""What a gate declares: one check that can block a version, with a good and a bad example that it must tell apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


class Staged(Protocol):
    """Read access to a staged or published version; toy versions in tests are a dict of tables behind this."""

    def has(self, table: str) -> bool:
        """Whether the version holds that table."""
        ...

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One table of schemas.tables, all shards in key order; conversations of all stages are one table."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A gate's finding: one figure with its meaning, the failing ids, and what to do about them."""

    passed: bool
    figure: float
    summary: str
    failing: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One check: `error` blocks publishing, `warning` goes on the card; its thresholds come from the contracts."""

    title: str
    severity: str
    check: Callable[[Staged, Mapping[str, Any]], Verdict]
    good: Callable[[], Staged]
    bad: Callable[[], Staged]


@dataclass(frozen=True, slots=True)
class ToyStaged:
    """A staged version made of tables in memory: what gate examples and tests are built from."""

    tables: Mapping[str, pa.Table]

    def has(self, table: str) -> bool:
        """Whether the toy holds that table."""
        return table in self.tables

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The toy's table, with only the named columns when any are named."""
        found = self.tables[table]
        return found.select(list(columns)) if columns else found
