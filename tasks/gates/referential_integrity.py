"""Every reference between tables finds its row, and rows that repeat facts of another row repeat them truly."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids
from tasks.contracts.paths import cells

_REPEATED = ("source", "person_key", "cam_key", "clothes_key", "modality", "frame")
Fault = tuple[str, list[str]]


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Count the references and repeated facts that do not hold; `max_failing` may be tolerated."""
    faults = [fault for fault in _faults(staged) if fault[1]]
    broken = sum(len(ids) for _, ids in faults)
    words = "; ".join(f"{len(ids)} {what}" for what, ids in faults)
    return Verdict(
        passed=broken <= parameters["max_failing"],
        figure=float(broken),
        summary=words or "every reference finds its row, and repeated facts agree",
        failing=first_ids(name for _, ids in faults for name in ids),
        remedy="Build again from the raw folders; a table was changed without those that refer to it.",
    )


def _faults(staged: Staged) -> Iterator[Fault]:
    people = staged.table("person_images", ["image_id", "person_key", "split", *_others()])
    ids = people.column("image_id").combine_chunks()
    stored = staged.table("images", ["image_id"]).column(0).combine_chunks()
    yield "stored images that no person image describes", _absent(stored, ids, stored)
    yield "person images without a stored image", _absent(ids, stored, ids)
    yield from _captions(staged, people)
    yield from _attributes(staged, people)
    yield from _conversations(staged, people)
    yield from _members(staged, ids)


def _others() -> list[str]:
    return [name for name in _REPEATED if name != "person_key"]


def _absent(values: pa.Array, known: pa.Array, names: pa.Array) -> list[str]:
    """The names whose value is not null and not known."""
    lost = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=known)))
    return [str(name) for name in names.filter(lost).to_pylist()]


def _captions(staged: Staged, people: pa.Table) -> Iterator[Fault]:
    captions = staged.table("captions", ["caption_id", "image_id", "person_key"])
    whole = {name: captions.column(name).combine_chunks() for name in captions.column_names}
    differs = _disagrees(people, whole["image_id"], "person_key", whole["person_key"])
    yield "captions of another person than their image", whole["caption_id"].filter(differs).to_pylist()


def _attributes(staged: Staged, people: pa.Table) -> Iterator[Fault]:
    table = staged.table("attributes", ["attribute_id", "level", "image_id", "person_key", "clothes_key"])
    names, level = table.column("attribute_id").combine_chunks(), table.column("level")
    subjects = {"image": "image_id", "person": "person_key", "clothes": "clothes_key"}
    for value, column in subjects.items():
        nobody = pc.and_(pc.equal(level, value), pc.is_null(table.column(column))).combine_chunks()
        yield f"attributes at {value} level without a {column}", names.filter(nobody).to_pylist()
    known = people.column("person_key").combine_chunks()
    yield "attributes of a person without images", _absent(table.column("person_key").combine_chunks(), known, names)


def _conversations(staged: Staged, people: pa.Table) -> Iterator[Fault]:
    table = staged.table("conversations", ["sample_id", "images", "texts", "negatives"])
    names, shown = table.column("sample_id").combine_chunks(), cells(table, "images[]")
    ids, owners = pc.struct_field(shown.values, "image_id"), names.take(shown.rows)
    known = people.column("image_id").combine_chunks()
    yield "rows that show an unknown image", _unique(_absent(ids, known, owners))
    for column in _REPEATED:
        differs = _disagrees(people, ids, column, pc.struct_field(shown.values, column))
        yield f"rows that state another {column} than their image has", _unique(owners.filter(differs).to_pylist())
    sizes = staged.table("images", ["image_id", "width", "height"])
    for column in ("width", "height"):
        differs = _disagrees(sizes, ids, column, pc.struct_field(shown.values, column))
        yield f"rows that state another {column} than their image has", _unique(owners.filter(differs).to_pylist())
    yield from _quoted(staged, table, names, known)


def _quoted(staged: Staged, table: pa.Table, names: pa.Array, images: pa.Array) -> Iterator[Fault]:
    captions = staged.table("captions", ["caption_id", "text"])
    known, quoted = captions.column("caption_id").combine_chunks(), cells(table, "texts[]")
    described = pc.equal(pc.struct_field(quoted.values, "role"), "query_caption")
    ids, owners = pc.struct_field(quoted.values, "text_id"), names.take(quoted.rows)
    lost = _absent(ids.filter(described), known, owners.filter(described))
    yield "rows that quote an unknown caption", _unique(lost)
    renamed = captions.rename_columns(["image_id", "text"])
    differs = _disagrees(renamed, ids, "text", pc.struct_field(quoted.values, "text"))
    yield "rows that quote a caption wrongly", _unique(owners.filter(differs).to_pylist())
    negatives = cells(table, "negatives[].ref")
    either = pa.concat_arrays([images, known])
    yield "rows with an unknown negative", _unique(_absent(negatives.values, either, names.take(negatives.rows)))


def _members(staged: Staged, images: pa.Array) -> Iterator[Fault]:
    table = staged.table("protocol_members", ["protocol_id", "member_kind", "member_ids"])
    found = cells(table, "member_ids[]")
    kinds = table.column("member_kind").combine_chunks().take(found.rows)
    captions = staged.table("captions", ["caption_id"]).column(0).combine_chunks()
    for kind, known in (("image", images), ("caption", captions), ("combo", pa.concat_arrays([images, captions]))):
        ids = found.values.filter(pc.equal(kinds, kind))
        yield f"protocol members that are no known {kind}", _absent(ids, known, ids)


def _disagrees(table: pa.Table, ids: pa.Array, column: str, stated: pa.Array) -> pa.Array:
    """Where a known id states another value than its own row (null is a value of its own)."""
    places = pc.index_in(ids, value_set=table.column("image_id").combine_chunks())
    truth = table.column(column).combine_chunks().take(places)
    same = pc.fill_null(pc.equal(truth, stated), False)
    both_null = pc.and_(pc.is_null(truth), pc.is_null(stated))
    return pc.and_(pc.is_valid(places), pc.invert(pc.or_(same, both_null)))


def _unique(names: list[str]) -> list[str]:
    return [str(name) for name in np.unique(np.asarray(names, dtype=object))] if names else []


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    rows["conversations"][0]["images"][0]["person_key"] = "toy:0005"
    return toy_staged(rows)


GATE = Gate(title="References between tables", severity="error", check=check, good=_good, bad=_bad)
