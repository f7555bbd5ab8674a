"""What checks of one process share: small tables by column, each read once, and what was worked out from them."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from schemas.gate import Staged

_NEVER_KEPT = ("conversations",)
_PICTURES = "image"


class Memory:
    """A staged version that keeps the columns it was asked for; pictures and conversations are read anew each time."""

    def __init__(self, staged: Staged) -> None:
        self.staged: Staged = staged.staged if isinstance(staged, Memory) else staged
        self._columns: dict[tuple[str, str], pa.ChunkedArray] = {}
        self._worked_out: dict[Any, Any] = {}

    def has(self, table: str) -> bool:
        """Whether the version holds that table."""
        return self.staged.has(table)

    def table(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One table, with only the named columns when any are named."""
        if columns is None or table in _NEVER_KEPT or _PICTURES in columns:
            return self.staged.table(table, columns)
        missing = [name for name in dict.fromkeys(columns) if (table, name) not in self._columns]
        if missing:
            read = self.staged.table(table, missing)
            self._columns |= {(table, name): read.column(name) for name in missing}
        return pa.table([self._columns[table, name] for name in columns], names=list(columns))

    def once(self, what: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made when first asked for under that name."""
        if what not in self._worked_out:
            self._worked_out[what] = make()
        return self._worked_out[what]
