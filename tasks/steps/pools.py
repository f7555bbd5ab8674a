"""The people that questions are asked about, read from the steps of all sources; one reading serves many families."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from generators import pool
from schemas import tables
from schemas.question import Pool
from tasks.steps.parts import SourceParts, read_all
from tasks.steps.store import StepOutput


def read_pool(
    store: Path, parts: Sequence[SourceParts], split: str, withheld: set[str], also: Sequence[str] = ()
) -> Pool:
    """The people of one split over all sources, with what was described and mined of them."""
    return pool.build_pool(
        split,
        read_all([part.ingested for part in parts], "person_images"),
        pa.concat_tables([image_sizes(store, part.ingested) for part in parts]),
        read_all([part.described for part in parts], "captions"),
        read_all([part.described for part in parts], "attributes"),
        read_all([part.mined for part in parts], "neighbours"),
        withheld=withheld if split != "test" else (),
        also=also if split == "train" else (),
    )


def image_sizes(store: Path, ingested: StepOutput) -> pa.Table:
    """image_id, width, height and perceptual hash of every stored image of a source."""
    columns = ["image_id", "width", "height", "phash"]
    schema = pa.schema([tables.IMAGES.schema.field(name) for name in columns])
    packs = [store / "packs" / pack["file"] for pack in ingested.facts["packs"]]
    sizes = [pq.read_table(path, columns=columns, partitioning=None).cast(schema) for path in packs]
    return pa.concat_tables([schema.empty_table(), *(size.replace_schema_metadata(None) for size in sizes)])
