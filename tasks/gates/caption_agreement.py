"""What made captions say should be what is known of their images: the share of readable claims that cannot be right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.captions import drawn_of, made, records_of, sample
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


@dataclass(frozen=True)
class _Agreement:
    """Compare at most `sample` made captions with labels, and with what human captions say, against `max_share`."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> pa.Table:
        return sample(block, made(block), self.parameters["sample"])

    def verdict(self, seen: Sequence[pa.Table]) -> Verdict:
        captions = drawn_of(seen, self.parameters["sample"]).to_pylist() if seen else []
        keys, wrong, failing = self._counted(captions)
        share = wrong / keys if keys else 0.0
        failed = share > self.parameters["max_share"]
        return Verdict(
            passed=not failed,
            figure=round(share, 6),
            summary=f"{share:.2%} of {keys} readable claims of {len(captions)} made captions contradict their records",
            failing=first_ids(sorted(failing)) if failed else (),
            remedy="Look at these captions: a model invents, a parser misreads, or labels stand under the wrong image.",
        )

    def _counted(self, captions: Sequence[Mapping[str, Any]]) -> tuple[int, int, list[str]]:
        """How many claims were compared, how many contradict, and the captions that make them."""
        records = records_of(self.staged, [each["image_id"] for each in captions], of_models=False)
        row_of = {image_id: row for row, image_id in enumerate(records.image_ids)}
        keys, wrong, failing = 0, 0, []
        for each in captions:
            place = row_of.get(each["image_id"])
            found = compared(read(each["text"]), records.record(place) if place is not None else {})
            keys, wrong = keys + found.keys, wrong + len(found.differing)
            failing += [each["caption_id"]] if found.differing else []
        return keys, wrong, failing


def _toy(colour: str) -> ToyStaged:
    rows = toy_rows()
    colours = {row["person_key"]: row["value"] for row in rows["attributes"] if row["key"] == "upper_color_primary"}
    for row in rows["captions"]:
        row["caption_source"] = "rule"
        row["text"] = f"A person wears a {colour or colours.get(row['person_key'], 'plain')} coat here."
    return toy_staged(rows)


def _good() -> ToyStaged:
    return _toy("")


def _bad() -> ToyStaged:
    return _toy("yellow")


GATE = Gate(
    title="Made captions agree with labels",
    severity="error",
    check=OverBlocks(_Agreement, "captions"),
    good=_good,
    bad=_bad,
)
