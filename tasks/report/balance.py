"""Answer balance per family: the shares of each canonical answer, as the report's bars show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten

import pyarrow as pa
import pyarrow.compute as pc

_SHOWN = 5
_RARE = 0.05
_WIDE = 40


@dataclass(frozen=True, slots=True)
class Balance:
    """Shares of the most frequent answers of a family, the rest pooled last, and the same in words."""

    shares: Sequence[float]
    words: str


def answer_balance(conversations: pa.Table) -> dict[str, Balance]:
    """Family to the balance of its train answers; needs the columns family, split and answer."""
    train = conversations.filter(pc.equal(conversations.column("split"), "train"))
    answers = pc.struct_field(train.column("answer"), "text")
    table = pa.table({"family": train.column("family"), "answer": answers})
    counted = table.group_by(["family", "answer"]).aggregate([([], "count_all")]).to_pylist()
    found: dict[str, dict[str, int]] = {}
    for cell in counted:
        found.setdefault(cell["family"], {})[cell["answer"]] = cell["count_all"]
    return {family: _balance(counts) for family, counts in sorted(found.items())}


def _balance(counts: dict[str, int]) -> Balance:
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if ranked[0][1] / total < _RARE:
        return Balance([1.0], f"{len(ranked):,} different answers")
    shown = ranked[:_SHOWN]
    rest = total - sum(count for _, count in shown)
    shares = [count / total for _, count in shown] + ([rest / total] if rest else [])
    words = ", ".join(f"{shorten(answer, _WIDE, placeholder=' …')} {count / total:.0%}" for answer, count in shown)
    return Balance(shares, words + (f", {len(ranked) - _SHOWN} others {rest / total:.0%}" if rest else ""))
