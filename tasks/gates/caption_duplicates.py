"""One text should describe one identity: the share of captions whose words also stand under another person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import hash_ids
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
    """The usable captions of a block: a key of the words of each, one of its person, its number in the table."""

    words: Keys
    person: Keys
    row: Ints


@dataclass(frozen=True)
class _Shared:
    """Share of usable captions shared across identities, against `max_share`; case and outer blanks do not count."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        mine = np.flatnonzero(usable(block) & (block.words("person_key").codes >= 0))
        folded = pc.utf8_lower(pc.utf8_trim_whitespace(block.plain("text").take(pa.array(mine))))
        return _Seen(hash_ids(folded.to_pylist()), block.hashes("person_key")[mine], block.numbered[mine])

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        words, person, row = (joined(getattr(one, name) for one in seen) for name in ("words", "person", "row"))
        rows = row[np.isin(words, _of_several(words, person))]
        share = len(rows) / max(len(words), 1)
        few = len(words) < self.parameters["min_captions"]
        said = f"{share:.1%} of {len(words)} captions stand word for word under two or more persons"
        ids = () if few else column(self.staged, "captions", "caption_id").take(pa.array(rows, pa.int64())).to_pylist()
        return Verdict(
            passed=few or share <= self.parameters["max_share"],
            figure=round(share, 6),
            summary=f"too few captions to judge: {len(words)}" if few else said,
            failing=first_ids(sorted(ids)),
            remedy="Let captions say more of what tells persons apart, "
            "or leave shared ones out of retrieval questions.",
        )


def _of_several(words: Keys, person: Keys) -> Keys:
    """The words that stand under more than one person."""
    turn = np.lexsort((person, words))
    same = words[turn][1:] == words[turn][:-1]
    return np.unique(words[turn][1:][same & (person[turn][1:] != person[turn][:-1])])


def _good() -> ToyStaged:
    return toy_staged(toy_rows(26))


def _bad() -> ToyStaged:
    rows = toy_rows(26)
    for row in rows["captions"]:
        row["text"] = "A person walks."
    return toy_staged(rows)


GATE = Gate(
    title="Captions shared by several persons",
    severity="warning",
    check=OverBlocks(_Shared, "captions"),
    good=_good,
    bad=_bad,
)
