"""Captions that stand under two persons in nearly the same words, found by MinHash: above a rate they block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from generators.captions.spread import Signatures, near_duplicates, signatures
from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block, Ints, Keys
from tasks.checking.captions import usable
from tasks.checking.counting import joined
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import column
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many usable captions a block has, the signatures of those of three words and more, and whose they are."""

    usable: int
    signed: Signatures
    person: Keys


@dataclass(frozen=True)
class _Near:
    """Share of usable captions that share `alike` of their word triples with one about another person."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        mine = np.flatnonzero(usable(block) & (block.words("person_key").codes >= 0))
        signed = signatures(block.plain("text").take(pa.array(mine)))
        rows = mine[signed.rows]
        return _Seen(len(mine), Signatures(block.numbered[rows], signed.hashes), block.hashes("person_key")[rows])

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        usable_, rows = sum(one.usable for one in seen), self._rows(seen)
        share = len(rows) / usable_ if usable_ else 0.0
        few = usable_ < self.parameters["min_captions"]
        failed = not few and share > self.parameters["max_share"]
        words = f"{share:.1%} of {usable_} captions stand in nearly the same words under another person"
        ids = column(self.staged, "captions", "caption_id").take(pa.array(rows)) if failed else ()
        return Verdict(
            passed=not failed,
            figure=round(share, 6),
            summary=f"too few captions to judge: {usable_}" if few else words,
            failing=first_ids(sorted(map(str, ids))),
            remedy="Let captions say more of what tells persons apart, or ask for more styles or a second model.",
        )

    def _rows(self, seen: Sequence[_Seen]) -> Ints:
        """The captions, by their numbers in the table, that are nearly those of another person."""
        signed = [one.signed for one in seen if len(one.signed.rows)]
        if not signed:
            return np.empty(0, dtype=np.int64)
        rows, hashes = (np.concatenate(parts) for parts in zip(*signed, strict=True))
        return near_duplicates(Signatures(rows, hashes), joined(one.person for one in seen), self.parameters["alike"])


def _good() -> ToyStaged:
    return toy_staged(toy_rows(52))


def _bad() -> ToyStaged:
    rows = toy_rows(52)
    for row in rows["captions"]:
        row["text"] = "A person in a coat and a pair of trousers walks past with a bag on the left shoulder."
    return toy_staged(rows)


GATE = Gate(
    title="Captions nearly shared by several persons",
    severity="error",
    check=OverBlocks(_Near, "captions"),
    good=_good,
    bad=_bad,
)
