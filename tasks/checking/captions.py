"""Captions of a version block by block: which are usable, a sample drawn by their ids, records of those described."""

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generators.records import COLUMNS, Records, resolve
from schemas.tables import TABLES
from tasks.checking.blocks import Block, pieces
from tasks.checking.memory import Memory

Mask = npt.NDArray[np.bool_]
_SAMPLED = ("caption_id", "image_id", "text")
_PEOPLE = ["image_id", "person_key", "clothes_key", "modality"]
_SUBJECTS = ("image_id", "person_key", "clothes_key")
_OWN = pa.array(["rule", "merged"])


def usable(block: Block) -> Mask:
    """Which captions of a block are valid."""
    return np.asarray(block.numbers("valid", 0) == 1)


def made(block: Block) -> Mask:
    """Which captions of a block are valid and no person's own words."""
    return usable(block) & ~block.words("caption_source").among(["human"])


def sample(block: Block, mine: Mask, most: int) -> pa.Table:
    """At most `most` of some captions, drawn by their ids: key, caption_id, image_id, text."""
    at = np.flatnonzero(mine)
    keys = block.hashes("caption_id")[at]
    kept = at[np.sort(np.argsort(keys, kind="stable")[:most])]
    columns = [block.plain(name).take(pa.array(kept)) for name in _SAMPLED]
    return pa.table([pa.array(block.hashes("caption_id")[kept]), *columns], names=["key", *_SAMPLED])


def drawn_of(found: Sequence[pa.Table], most: int) -> pa.Table:
    """The sample over the samples of all blocks, in the order of its keys; there is at least one block."""
    whole = pa.concat_tables(found)
    return whole.take(pa.array(np.argsort(whole.column("key").to_numpy(), kind="stable")[:most]))


def records_of(staged: Memory, images: Sequence[str], of_models: bool) -> Records:
    """What is known of some images; without `of_models` only what people labelled or said, nothing that was made."""
    people = staged.table("person_images", _PEOPLE)
    shown = people.filter(pc.is_in(people["image_id"], value_set=pa.array(images, pa.string())))
    subjects = {name: pc.unique(shown[name]).drop_null() for name in _SUBJECTS}
    held = [_about(piece.columns(COLUMNS), subjects) for piece in pieces(staged, "attributes")]
    found = pa.concat_tables(held) if held else TABLES["attributes"].schema.empty_table()
    return resolve(shown, found if of_models else found.filter(pc.invert(_of_models(found["attribute_source"]))))


def _about(attributes: pa.Table, subjects: Mapping[str, pa.Array]) -> pa.Table:
    """The attributes of some images, outfits and persons."""
    masks = (pc.is_in(attributes[name], value_set=values) for name, values in subjects.items())
    return attributes.filter(reduce(pc.or_, masks))


def _of_models(source: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.or_(pc.starts_with(source, "mllm"), pc.is_in(source, value_set=_OWN))
