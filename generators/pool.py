"""The people who may be asked about in one split, over all sources, as parallel columns sorted by image id.

    pool = build_pool("train", person_images, sizes, captions, attributes, neighbours)

Only normal images of a person of that split enter; junk, distractors and withheld persons never do. Beside them the
pool of the test split keeps a list of its distractors, which may be shown but are no persons. The codes depend on who
else is in the pool, so they are only ever compared, never hashed: everything random comes from the ids themselves.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.attribute_masks import values_of
from generators.near_hashes import RADIUS, is_flat
from generators.pictures import SCOPE
from schemas.errors import BadRecipe, BadTable
from schemas.keys import Words, hash_ids
from schemas.question import NOBODY, Captions, Distractors, Flags, Floats, Ints, Neighbours, Pool, Whole
from schemas.tables import TABLES

_INFRARED = ("near_infrared", "thermal")
KEPT = ("image_id", "source", "person_key", "pid_scope", "cam_key", "clothes_key", "modality", "frame", "license_id")
"""The columns of person_images that a pool repeats."""
_PLACED_BY = ("source", "cam_key", "modality")
TEST_HALVES = ("gallery", "query", "test")
"""The source splits whose distractors may be shown, and only in rows of the test split."""


def build_pool(
    split: str,
    person_images: pa.Table,
    sizes: pa.Table,
    captions: pa.Table | None = None,
    attributes: pa.Table | None = None,
    neighbours: pa.Table | None = None,
    withheld: Collection[str] = (),
    also: Sequence[str] = (),
    distractors: pa.Table | None = None,
    seen: pa.Table | None = None,
) -> Pool:
    """The pool of one split. `sizes` has image_id, width, height and may have phash; unsized images are left out.

    `withheld` persons are left out; splits named in `also` (such as val beside train) are let in. `distractors` are
    person images too: those of a test half that are flagged so are kept apart, and only where the split is test. `seen`
    are vectors of a frozen encoder (schemas.miner.SEEN).
    """
    people = _usable(person_images, [split, *also], withheld)
    table = _with_sizes(people, sizes)
    empty = {name: TABLES[name].schema.empty_table() for name in ("captions", "attributes")}
    ids = table.column("image_id").combine_chunks()
    modality = table.column("modality")
    return Pool(
        split=split,
        table=table,
        words=hash_ids(ids.to_pylist()),
        source=codes(table.column("source")),
        person=_persons(table),
        camera=codes(table.column("cam_key")),
        clothes=codes(table.column("clothes_key")),
        modality=codes(modality),
        infrared=pc.is_in(modality, value_set=pa.array(_INFRARED)).to_numpy(zero_copy_only=False),
        log_height=_log_heights(table),
        values=values_of(table, attributes if attributes is not None else empty["attributes"]),
        captions=captions_of(ids, captions if captions is not None else empty["captions"]),
        neighbours=neighbours_of(ids, neighbours) if neighbours is not None and neighbours.num_rows else None,
        looks=_looks(ids, sizes) if "phash" in sizes.column_names else None,
        seen=None if seen is None else seen_of(ids, seen),
        distractors=_distractors(table, distractors, sizes) if split == "test" and distractors is not None else None,
    )


def _distractors(people: pa.Table, images: pa.Table, sizes: pa.Table) -> Distractors | None:
    """The distractors of the test halves by cameras of the people, coded as these are; None where there are none."""
    flagged = pc.equal(images.column("role_flag"), "distractor")
    tested = pc.is_in(images.column("source_split"), value_set=pa.array(TEST_HALVES, pa.string()))
    table = _with_sizes(images.filter(pc.and_(flagged, tested)).select(KEPT), sizes)
    strange = pc.invert(pc.is_in(table.column("cam_key"), value_set=_names(people.column("cam_key"))))
    table = table.filter(pc.invert(pc.and_(strange, pc.is_valid(table.column("cam_key"))))).combine_chunks()
    if not table.num_rows:
        return None
    coded = {name: positions(table.column(name), _names(people.column(name))) for name in _PLACED_BY}
    return Distractors(
        table=table,
        words=hash_ids(table.column("image_id").to_pylist()),
        source=coded["source"],
        camera=coded["cam_key"],
        modality=coded["modality"],
        log_height=_log_heights(table),
    )


def _log_heights(table: pa.Table) -> Floats:
    heights = np.asarray(table.column("height").to_numpy(), dtype=np.float32)
    return np.asarray(np.log2(np.maximum(heights, 1)), dtype=np.float32)


def _usable(person_images: pa.Table, splits: list[str], withheld: Collection[str]) -> pa.Table:
    in_split = pc.is_in(person_images.column("split"), value_set=pa.array(splits, pa.string()))
    normal = pc.equal(person_images.column("role_flag"), "normal")
    known = pc.is_valid(person_images.column("person_key"))
    out = pc.is_in(person_images.column("person_key"), value_set=pa.array(sorted(withheld), pa.string()))
    kept = pc.and_(pc.and_(in_split, normal), pc.and_(known, pc.invert(out)))
    return person_images.select(KEPT).filter(kept)


def _with_sizes(people: pa.Table, sizes: pa.Table) -> pa.Table:
    at = pc.index_in(people.column("image_id"), value_set=sizes.column("image_id").combine_chunks())
    sized = people.append_column("width", sizes.column("width").combine_chunks().take(at.combine_chunks()))
    sized = sized.append_column("height", sizes.column("height").combine_chunks().take(at.combine_chunks()))
    return sized.filter(pc.is_valid(sized.column("width"))).sort_by("image_id").combine_chunks()


def _looks(ids: pa.Array, sizes: pa.Table) -> Words:
    """The perceptual hash of each picture; a flat one says nothing and is given a word of its own, far from all."""
    at = positions(ids, sizes.column("image_id").combine_chunks())
    hashes = np.asarray(sizes.column("phash").to_numpy(), dtype=np.uint64)[at]
    return np.where(is_flat(hashes), hash_ids(ids.to_pylist()), hashes)


def seen_of(ids: pa.Array, seen: pa.Table) -> Whole:
    """The vector of each picture, zeros for one that has none. Raises BadTable where two lengths meet."""
    vectors = seen.column("vector").combine_chunks()
    widths = pc.unique(pc.list_value_length(vectors)).to_pylist()
    if len(widths) > 1:
        raise BadTable(f"The miner's vectors have several lengths: {', '.join(map(str, sorted(widths)))}. Mine again.")
    flat = np.asarray(vectors.flatten().to_numpy(), dtype=np.int16).reshape(len(vectors), *(widths or [0]))
    at = positions(ids, seen.column("image_id").combine_chunks())
    return np.asarray(np.concatenate([flat, np.zeros_like(flat, shape=(1, flat.shape[1]))])[at])


def nearly_same(pool: Pool, one: Ints, other: Ints) -> Flags:
    """Whether two pictures are one, or near-duplicates: their hashes are as close as links ask for."""
    if pool.looks is None:
        return np.asarray(one == other)
    return np.asarray(np.bitwise_count(pool.looks[one] ^ pool.looks[other]) <= RADIUS)


def _persons(table: pa.Table) -> Ints:
    """The code of each picture's person; NOBODY where only the picture itself names its person (scope `image`)."""
    nameless = pc.fill_null(pc.equal(table.column("pid_scope"), SCOPE), False)
    return np.where(nameless.to_numpy(), NOBODY, codes(table.column("person_key")))


def withhold(pool: Pool, names: Sequence[str]) -> Pool:
    """A pool in which nobody knows some labels, for methods that do without them. Raises BadRecipe for another name.

    Rows then show no outfit either; what the published table of person images says stays there.
    """
    wrong = [name for name in names if name not in WITHHELD]
    if wrong:
        raise BadRecipe(f"The option 'withhold' has {wrong[0]!r}; it can keep back: {', '.join(WITHHELD)}.")
    for name in names:
        pool = _WITHOUT[name](pool)
    return pool


def _undressed(table: pa.Table) -> pa.Table:
    """The people without the names of their outfits."""
    at = table.column_names.index("clothes_key")
    return table.set_column(at, table.schema.field(at), pa.nulls(table.num_rows, pa.string()))


def _uncaptioned(pool: Pool) -> Pool:
    return replace(pool, captions=captions_of(pool.table.column("image_id"), TABLES["captions"].schema.empty_table()))


_WITHOUT: dict[str, Callable[[Pool], Pool]] = {
    "clothes": lambda pool: replace(pool, clothes=np.full(pool.size, NOBODY), table=_undressed(pool.table)),
    "attributes": lambda pool: replace(pool, values={key: np.zeros_like(of) for key, of in pool.values.items()}),
    "captions": _uncaptioned,
    "neighbours": lambda pool: replace(pool, neighbours=None, seen=None),
}
WITHHELD = tuple(_WITHOUT)
"""What a recipe's option `withhold` can keep from a family."""


def codes(column: pa.ChunkedArray) -> Ints:
    """Equal names get equal numbers, in name order; null is NOBODY."""
    return positions(column, _names(column))


def _names(column: pa.ChunkedArray) -> pa.Array:
    return pc.unique(column.drop_null()).sort()


def positions(wanted: pa.ChunkedArray | pa.Array, ids: pa.Array) -> Ints:
    """Where each wanted id stands in `ids`; NOBODY when it does not. Ids that are coded are looked up once each."""
    if pa.types.is_dictionary(wanted.type):
        return _coded_positions(wanted, ids)
    return np.asarray(pc.fill_null(pc.index_in(wanted, value_set=ids), NOBODY).to_numpy(), dtype=np.int64)


def _coded_positions(wanted: pa.ChunkedArray, ids: pa.Array) -> Ints:
    chunks = wanted.unify_dictionaries().chunks
    at = np.append(positions(chunks[0].dictionary, ids) if chunks else [], NOBODY).astype(np.int64)
    codes = [pc.fill_null(chunk.indices, len(at) - 1).to_numpy() for chunk in chunks]
    return np.asarray(at[np.concatenate([np.zeros(0, dtype=np.int32), *codes])])


def whole(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array, which is copied only where it has several chunks."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def captions_of(ids: pa.Array, captions: pa.Table) -> Captions:
    """The valid English captions about images of the pool, sorted by caption id."""
    at = positions(captions.column("image_id"), ids)
    english = pc.equal(captions.column("language"), "en").to_numpy()
    usable = (at >= 0) & english & captions.column("valid").to_numpy()
    kept = captions.filter(pa.array(usable)).sort_by("caption_id")
    table = kept.select(["caption_id", "text", "caption_source", "style", "language"]).combine_chunks()
    return Captions(
        table=table,
        image=positions(kept.column("image_id"), ids),
        words=hash_ids(table.column("caption_id").to_pylist()),
        texts=hash_ids(table.column("text").to_pylist()),
        n_words=np.asarray(kept.column("n_words").to_numpy(), dtype=np.int64),
        similarity=_similarity(kept),
    )


def _similarity(captions: pa.Table) -> Floats | None:
    """How near captions are to their pictures, where the table tells it of any."""
    if "similarity" not in captions.column_names or captions["similarity"].null_count == captions.num_rows:
        return None
    return np.asarray(pc.fill_null(captions["similarity"], np.nan).to_numpy(), dtype=np.float32)


def neighbours_of(ids: pa.Array, neighbours: pa.Table) -> Neighbours:
    """Mined neighbours as (n, k) positions in rank order; candidates outside the pool leave a gap."""
    rank = np.asarray(neighbours.column("rank").to_numpy(), dtype=np.int64) - 1
    anchor, candidate = (positions(neighbours.column(name), ids) for name in ("anchor_id", "candidate_id"))
    near = np.full((len(ids), int(rank.max(initial=0)) + 1), NOBODY, dtype=np.int64)
    distance = np.full(near.shape, np.nan, dtype=np.float32)
    inside = (anchor >= 0) & (candidate >= 0)
    near[anchor[inside], rank[inside]] = candidate[inside]
    distance[anchor[inside], rank[inside]] = neighbours.column("distance").to_numpy()[inside]
    return Neighbours(near=near, distance=distance, miner=str(neighbours.column("miner")[0].as_py()))


def together(some: Neighbours | None, more: Neighbours) -> Neighbours:
    """What was mined of other anchors of the pool, added to what is known of some."""
    if some is None:
        return more
    width = max(some.near.shape[1], more.near.shape[1])
    near = np.full((len(some.near), width), NOBODY, dtype=np.int64)
    distance = np.full(near.shape, np.nan, dtype=np.float32)
    for one in (some, more):
        found = one.near >= 0
        here = np.nonzero(found)
        near[here], distance[here] = one.near[found], one.distance[found]
    return Neighbours(near=near, distance=distance, miner=some.miner)
