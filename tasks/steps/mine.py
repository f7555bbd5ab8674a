"""Mine neighbours: for each training image of a source, the images of other persons that a frozen encoder finds alike.

Images are read from the packs in streaming order and embedded group by group; only their vectors are kept.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generators import mining, pool
from generators.pictures import SCOPE
from schemas import miner as miner_schema
from schemas import tables
from schemas.discovery import find
from schemas.keys import code_revision
from schemas.miner import SEEN, Miner, Vectors
from schemas.question import Ints
from schemas.recipe import Mine
from tasks.steps.parts import read_table
from tasks.steps.store import StepOutput, run_step
from tasks.versions import writer


def mine(store: Path, ingested: StepOutput, recipe: Mine) -> StepOutput:
    """The neighbours table of one source. Facts: the encoder and its revision, how many anchors and pairs.

    Only normal images of known training persons are mined, all modalities together.
    """
    miner: Miner = find("generators.miners", "MINER", recipe.miner)
    revision = miner.revision(recipe.model)

    def work(folder: Path) -> dict[str, Any]:
        people = minable(read_table(ingested, "person_images"))
        ids, vectors = embedded(store, ingested, people.column("image_id").combine_chunks(), miner, recipe.model)
        rows = people.take(pc.index_in(ids, value_set=people.column("image_id").combine_chunks()))
        table = neighbours(rows, vectors, recipe.top_k, f"{recipe.miner}@{revision}")
        writer.write(tables.NEIGHBOURS, table, folder / "neighbours.parquet")
        if recipe.margins:
            writer.write(SEEN, seen(ids, vectors), folder / "seen.parquet")
        facts = {"source": ingested.facts["source"], "anchors": rows.num_rows, "pairs": table.num_rows}
        return facts | {"model": recipe.miner, "revision": revision}

    # The model's folder is named by its revision, so that moving it changes nothing.
    inputs = {
        "ingest": ingested.digest,
        "miner": recipe.miner,
        "top_k": recipe.top_k,
        "revision": revision,
        "code": code_revision(import_module(__name__), mining, pool, tables, writer),
    }
    if recipe.margins:
        inputs |= {"margins": code_revision(miner_schema)}
    return run_step(store, "mine", inputs, work)


def minable(people: pa.Table) -> pa.Table:
    """Normal images of known training persons, by image id; those of scope `image` show nobody known."""
    normal = pc.equal(people.column("role_flag"), "normal")
    train = pc.equal(people.column("split"), "train")
    nameless = pc.fill_null(pc.equal(people.column("pid_scope"), SCOPE), False)
    known = pc.and_not(pc.is_valid(people.column("person_key")), nameless)
    return people.filter(pc.and_(normal, pc.and_(train, known))).sort_by("image_id").combine_chunks()


def neighbours(people: pa.Table, vectors: Vectors, top_k: int, miner: str) -> pa.Table:
    """The neighbours table of images and their vectors, ranks from 1; images must be sorted by id."""
    near, distance = mining.nearest(vectors, pool.codes(people.column("person_key")), top_k)
    anchor, place = np.nonzero(near >= 0)
    other = near[anchor, place]
    ids = people.column("image_id").combine_chunks()
    camera = pool.codes(people.column("cam_key"))
    columns = {
        "anchor_id": ids.take(pa.array(anchor)),
        "rank": pa.array((place + 1).astype(np.int16)),
        "candidate_id": ids.take(pa.array(other)),
        "distance": pa.array(distance[anchor, place]),
        "same_camera": pa.array(_same(camera[anchor], camera[other])),
        "miner": pa.repeat(pa.scalar(miner, pa.string()), len(anchor)),
    }
    return pa.table(columns, schema=tables.NEIGHBOURS.schema)


def seen(ids: pa.Array, vectors: Vectors) -> pa.Table:
    """The vectors of images as whole numbers."""
    whole = mining.whole(vectors).astype(np.int16)
    offsets = pa.array(np.arange(len(ids) + 1, dtype=np.int32) * whole.shape[1])
    return pa.table([ids, pa.ListArray.from_arrays(offsets, pa.array(whole.reshape(-1)))], schema=SEEN.schema)


def _same(one: Ints, other: Ints) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    return np.asarray((one == other) & (one >= 0))


def embedded(
    store: Path, ingested: StepOutput, wanted: pa.Array, miner: Miner, model: str | None
) -> tuple[pa.Array, Vectors]:
    """The ids and vectors of the wanted images, sorted by id."""
    packs = [store / "packs" / pack["file"] for pack in ingested.facts["packs"]]
    ids: list[str] = []
    vectors: list[Vectors] = []
    for names, encoded in _stream(packs, wanted):
        ids.extend(names)
        vectors.append(miner.embed(encoded, model))
    if not ids:
        return pa.array([], pa.string()), np.zeros((0, 1), dtype=np.float32)
    order = np.argsort(np.array(ids), kind="stable")
    return pa.array(ids, pa.string()).take(pa.array(order)), np.concatenate(vectors)[order]


def _stream(packs: Sequence[Path], wanted: pa.Array) -> Iterator[tuple[list[str], list[bytes]]]:
    """Ids and bytes of the wanted images, a row group at a time; groups without any are not read."""
    for path in packs:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=["image_id"]).column("image_id")
                kept = pc.is_in(ids, value_set=wanted)
                if pc.any(kept).as_py():
                    images = file.read_row_group(group, columns=["image"]).column("image").filter(kept)
                    yield ids.filter(kept).to_pylist(), _bytes(images)


def _bytes(images: pa.ChunkedArray) -> list[bytes]:
    return [bytes(value) for value in pc.struct_field(images, "bytes").to_pylist()]
