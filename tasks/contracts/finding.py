"""One broken promise, as every kind of check reports it."""

from dataclasses import asdict, dataclass
from typing import Any

SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken promise: which table and check, in words how, how many rows, and the first few ids of them."""

    table: str
    check: str
    summary: str
    severity: str = "error"
    count: int = 1
    failing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return {**asdict(self), "failing": list(self.failing)}
