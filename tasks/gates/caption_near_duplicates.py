"""Captions that stand under two persons in nearly the same words, found by MinHash: above a rate they block."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from generators.captions.spread import near_duplicates
from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Share of usable captions that share `alike` of their word triples with one about another person."""
    captions = staged.table("captions", ["caption_id", "person_key", "text", "valid"])
    captions = captions.filter(pc.and_(captions["valid"], pc.is_valid(captions["person_key"])))
    found = near_duplicates(captions["text"], captions["person_key"], parameters["alike"])
    share = float(found.mean()) if len(found) else 0.0
    few = captions.num_rows < parameters["min_captions"]
    failed = not few and share > parameters["max_share"]
    words = f"{share:.1%} of {captions.num_rows} captions stand in nearly the same words under another person"
    return Verdict(
        passed=not failed,
        figure=round(share, 6),
        summary=f"too few captions to judge: {captions.num_rows}" if few else words,
        failing=first_ids(sorted(captions["caption_id"].filter(pa.array(found)).to_pylist())) if failed else (),
        remedy="Let captions say more of what tells persons apart, or ask for more styles or a second model.",
    )


def _good() -> ToyStaged:
    return toy_staged(toy_rows(52))


def _bad() -> ToyStaged:
    rows = toy_rows(52)
    for row in rows["captions"]:
        row["text"] = "A person in a coat and a pair of trousers walks past with a bag on the left shoulder."
    return toy_staged(rows)


GATE = Gate(title="Captions nearly shared by several persons", severity="error", check=check, good=_good, bad=_bad)
