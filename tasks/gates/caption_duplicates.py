"""One text should describe one identity: the share of captions whose words also stand under another person."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Share of usable captions shared across identities, against `max_share`; case and outer blanks do not count."""
    captions = staged.table("captions", ["caption_id", "person_key", "text", "valid"])
    captions = captions.filter(pc.and_(captions.column("valid"), pc.is_valid(captions.column("person_key"))))
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(captions.column("text")))
    shared = _shared(folded, captions.column("person_key"))
    ids = captions.column("caption_id").filter(pc.is_in(folded, value_set=shared))
    share = len(ids) / max(captions.num_rows, 1)
    few = captions.num_rows < parameters["min_captions"]
    words = f"{share:.1%} of {captions.num_rows} captions stand word for word under two or more persons"
    return Verdict(
        passed=few or share <= parameters["max_share"],
        figure=round(share, 6),
        summary=f"too few captions to judge: {captions.num_rows}" if few else words,
        failing=() if few else first_ids(sorted(ids.to_pylist())),
        remedy="Let captions say more of what tells persons apart, or leave shared ones out of retrieval questions.",
    )


def _shared(text: pa.ChunkedArray, person: pa.ChunkedArray) -> pa.Array:
    """The texts that stand under more than one person."""
    pairs = pa.table({"text": text, "person": person}).group_by(["text", "person"]).aggregate([])
    counts = pairs.group_by("text").aggregate([([], "count_all")])
    return counts.filter(pc.greater(counts.column("count_all"), 1)).column("text").combine_chunks()


def _good() -> ToyStaged:
    return toy_staged(toy_rows(26))


def _bad() -> ToyStaged:
    rows = toy_rows(26)
    for row in rows["captions"]:
        row["text"] = "A person walks."
    return toy_staged(rows)


GATE = Gate(title="Captions shared by several persons", severity="warning", check=check, good=_good, bad=_bad)
