"""Made captions should not all sound alike: the variety of their openings and of their pairs of words, per model."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from generators.captions.captioner import caption
from generators.captions.spread import Spread, spread
from schemas.gate import Gate, Staged, ToyStaged, Verdict
from schemas.keys import hash_ids, order
from tasks.checking.toy import toy_rows, toy_staged


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Entropy of openings and share of distinct word pairs against their floors, on `sample` captions of each model."""
    found = dict(_measured(staged, parameters))
    low_bits, low_pairs = parameters["min_opening_bits"], parameters["min_distinct_pairs"]
    failing = [name for name, each in found.items() if each.opening_bits < low_bits or each.distinct_pairs < low_pairs]
    words = (
        f"{name}: openings of {each.opening_bits:.1f} bits, {each.distinct_pairs:.1%} of word pairs distinct"
        for name, each in found.items()
    )
    return Verdict(
        passed=not failing,
        figure=round(min((each.opening_bits for each in found.values()), default=0.0), 6),
        summary="; ".join(words) or "too few made captions to judge",
        failing=tuple(failing),
        remedy="Ask for more styles (describe.styles), use the style `dynamic`, or ask a second model.",
    )


def _measured(staged: Staged, parameters: Mapping[str, Any]) -> Iterator[tuple[str, Spread]]:
    captions = staged.table("captions", ["caption_id", "text", "caption_source", "valid"])
    captions = captions.filter(pc.and_(captions["valid"], pc.not_equal(captions["caption_source"], "human")))
    for name in sorted(pc.unique(captions["caption_source"]).to_pylist()):
        mine = captions.filter(pc.equal(captions["caption_source"], name))
        if mine.num_rows >= parameters["sample"]:
            yield name, spread(_sampled(mine, parameters["sample"])["text"])


def _sampled(captions: pa.Table, size: int) -> pa.Table:
    """A sample of one size, drawn by the captions' ids."""
    return captions.take(pa.array(order(hash_ids(captions["caption_id"].to_pylist()))[:size]))


def _toy(varied: bool) -> ToyStaged:
    rows = toy_rows(52)
    facts = {"gender_presentation": "feminine", "upper_type": "coat", "lower_type": "jeans", "hair_length": "long"}
    for number, row in enumerate(rows["captions"]):
        row["caption_source"] = "rule"
        row["text"] = str(caption(facts, "dynamic", number + (number << 20) if varied else 0))
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy(varied=True)


def _bad() -> ToyStaged:
    return _toy(varied=False)


GATE = Gate(title="Variety of made captions", severity="warning", check=check, good=_good, bad=_bad)
