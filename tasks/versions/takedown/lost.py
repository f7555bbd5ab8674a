"""Which rows of a table show, describe or name what is to be taken down, told by the names of its columns."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.versions.takedown.doomed import Doomed, among

Flags = npt.NDArray[np.bool_]

_PICTURES = frozenset(
    {"image_id", "other_image_id", "anchor_id", "candidate_id", "evidence_a", "evidence_b", "subject"}
)
_PERSONS = frozenset({"person_key", "person_a", "person_b", "subject"})
_TEXTS = frozenset({"caption_id"})
_OUTFIT = "/[^/]*$"  # of a clothes key: the person's key, and which of their outfits


def lost_rows(table: pa.Table, doomed: Doomed, captions: frozenset[str]) -> Flags:
    """The rows to leave out. `captions` are the ids of texts about doomed pictures.

    A row of `member_ids` goes when all of its members go; a conversation when one picture or text of it does.
    """
    lost = np.zeros(table.num_rows, dtype=np.bool_)
    for names, values in ((_PICTURES, doomed.images), (_PERSONS, doomed.persons), (_TEXTS, captions)):
        for column in sorted(names & set(table.column_names)):
            lost |= flags(among(table.column(column), values))
    if "clothes_key" in table.column_names:
        wearer = pc.replace_substring_regex(table.column("clothes_key"), _OUTFIT, "")
        lost |= flags(among(wearer, doomed.persons))
    if "negatives" in table.column_names:
        lost |= _hits(_child(table, "negatives", "ref"), doomed.images | captions)[0] > 0
    if "images" in table.column_names:
        lost |= _hits(_child(table, "images", "image_id"), doomed.images)[0] > 0
    if "texts" in table.column_names:
        lost |= _hits(_child(table, "texts", "text_id"), captions)[0] > 0
    if "member_ids" in table.column_names:
        hits, lengths = _hits(_lists(table.column("member_ids")), doomed.images | captions)
        lost |= (hits == lengths) & (lengths > 0)
    return lost


def without_members(table: pa.Table, gone: frozenset[str]) -> pa.Table:
    """The lists of members without those that are gone."""
    rows = [[each for each in row if each not in gone] for row in table.column("member_ids").to_pylist()]
    place = table.schema.get_field_index("member_ids")
    return table.set_column(place, table.schema.field(place), pa.array(rows, pa.list_(pa.string())))


def _child(table: pa.Table, column: str, child: str) -> pa.ListArray:
    """A column of lists of structures as lists of one of their parts."""
    lists = _lists(table.column(column))
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, pc.struct_field(lists.flatten(), child))


def _lists(column: pa.ChunkedArray) -> pa.ListArray:
    joined = column.combine_chunks()
    return pa.concat_arrays(joined.chunks) if isinstance(joined, pa.ChunkedArray) else joined


def _hits(lists: pa.ListArray, values: frozenset[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each row, how many values are among `values`, and how many there are."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    found = flags(among(lists.flatten(), values)).astype(np.int64)
    ends, sums = np.cumsum(lengths), np.concatenate([[0], np.cumsum(found)])
    return sums[ends] - sums[ends - lengths], lengths


def flags(column: Any) -> Flags:
    """A boolean Arrow column as numpy."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)
