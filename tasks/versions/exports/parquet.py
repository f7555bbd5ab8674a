"""One Parquet file with the pictures inside: for plain `datasets`, and for trainers that read Parquet.

Messages hold `<image>` tokens; a picture that many rows show is stored once per row group, as a dictionary value. What
each row allows a picture stands in its columns `min_pixels` and `max_pixels`.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.versions.exporting import PIXELS, Export, Sample, with_tags

_ROWS_PER_GROUP = 1_000
_PAGE_BYTES = 64 << 20
_IMAGE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_MESSAGE = pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())])
_TEXTS = ("sample_id", "family", "split", "answer_kind", "answer")
_SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in _TEXTS),
        pa.field("stage", pa.int8()),
        pa.field("messages", pa.list_(_MESSAGE)),
        pa.field("images", pa.list_(_IMAGE)),
        *(pa.field(name, pa.int32()) for name in PIXELS),
    ]
)
_VALUE = {"dtype": "string", "_type": "Value"}
_WHOLE = {"dtype": "int32", "_type": "Value"}
_FEATURES = {
    **dict.fromkeys(_TEXTS, _VALUE),
    "stage": {"dtype": "int8", "_type": "Value"},
    "messages": {"feature": {"role": _VALUE, "content": _VALUE}, "_type": "List"},
    "images": {"feature": {"_type": "Image"}, "_type": "List"},
    **dict.fromkeys(PIXELS, _WHOLE),
}


def _row(sample: Sample) -> dict[str, Any]:
    return {
        **{name: getattr(sample, name) for name in (*_TEXTS, "stage")},
        "messages": [{"role": role, "content": with_tags(text)} for role, text in sample.turns],
        "images": [{"bytes": p.read(), "path": p.name.rsplit("/", 1)[1]} for p in sample.pictures],
        **dict(zip(PIXELS, sample.pixels, strict=True)),
    }


def _groups(samples: Iterable[Sample]) -> Iterator[pa.Table]:
    waiting = iter(samples)
    while group := list(islice(waiting, _ROWS_PER_GROUP)):
        yield pa.Table.from_pylist([_row(sample) for sample in group], schema=_SCHEMA).combine_chunks()


def _write(samples: Iterable[Sample], folder: Path, stem: str) -> int:
    features = json.dumps({"info": {"features": _FEATURES}}, sort_keys=True)
    schema = _SCHEMA.with_metadata({b"huggingface": features.encode()})
    count = 0
    options = {"compression": "zstd", "compression_level": 3, "version": "2.6", "data_page_size": _PAGE_BYTES}
    with pq.ParquetWriter(folder / f"{stem}.parquet", schema, dictionary_pagesize_limit=_PAGE_BYTES, **options) as file:
        for group in _groups(samples):
            file.write_table(group.replace_schema_metadata(schema.metadata), row_group_size=_ROWS_PER_GROUP)
            count += group.num_rows
    return count


EXPORT = Export(
    title="Parquet with the pictures inside",
    usage='`load_dataset("parquet", data_files="{stem}.parquet")` shows `images` as pictures. Give the processor '
    "{pixels}; the columns of these names tell it row by row.",
    write=_write,
)
