"""What made captions say should be what is known of their images: the share of readable claims that cannot be right."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from generators.captions.attribute_read import read
from generators.captions.consistency import compared
from generators.records import resolve
from schemas.gate import Gate, Staged, ToyStaged, Verdict
from schemas.keys import hash_ids, order
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids

_PEOPLE = ["image_id", "person_key", "clothes_key", "modality"]


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Compare at most `sample` made captions with labels, and with what human captions say, against `max_share`."""
    captions = staged.table("captions", ["caption_id", "image_id", "text", "caption_source", "valid"])
    captions = captions.filter(pc.and_(captions["valid"], pc.not_equal(captions["caption_source"], "human")))
    captions = captions.take(pa.array(order(hash_ids(captions["caption_id"].to_pylist()))[: parameters["sample"]]))
    keys, wrong, failing = _counted(staged, captions)
    share = wrong / keys if keys else 0.0
    failed = share > parameters["max_share"]
    return Verdict(
        passed=not failed,
        figure=round(share, 6),
        summary=f"{share:.2%} of {keys} readable claims of {captions.num_rows} made captions contradict their records",
        failing=first_ids(sorted(failing)) if failed else (),
        remedy="Look at these captions: a model invents, a parser misreads, or labels stand under the wrong image.",
    )


def _counted(staged: Staged, captions: pa.Table) -> tuple[int, int, list[str]]:
    """How many claims were compared, how many contradict, and the captions that make them."""
    people = staged.table("person_images", _PEOPLE)
    people = people.filter(pc.is_in(people["image_id"], value_set=captions["image_id"].combine_chunks()))
    attributes = staged.table("attributes")
    own = pc.or_(
        pc.starts_with(attributes["attribute_source"], "mllm"),
        pc.is_in(attributes["attribute_source"], value_set=pa.array(["rule", "merged"])),
    )
    records = resolve(people, attributes.filter(pc.invert(own)))
    row_of = {image_id: row for row, image_id in enumerate(records.image_ids)}
    keys, wrong, failing = 0, 0, []
    for name, image_id, text in zip(
        *(captions[c].to_pylist() for c in ("caption_id", "image_id", "text")), strict=True
    ):
        found = compared(read(text), records.record(row_of[image_id]) if image_id in row_of else {})
        keys, wrong = keys + found.keys, wrong + len(found.differing)
        failing += [name] if found.differing else []
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


GATE = Gate(title="Made captions agree with labels", severity="error", check=check, good=_good, bad=_bad)
