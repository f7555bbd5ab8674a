"""WebDataset: tar shards in which the files of one sample follow each other and share its key.

`00000012.json` holds the messages with `<image>` tokens; `00000012.image1.jpg` is the picture of the first of them.
What the sample allows a picture stands in the json as `min_pixels` and `max_pixels`.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tasks.versions.exporting import PIXELS, Export, Sample, with_tags

_SAMPLES_PER_SHARD = 1_000


def _line(sample: Sample) -> dict[str, Any]:
    return {
        "sample_id": sample.sample_id,
        "stage": sample.stage,
        "family": sample.family,
        "split": sample.split,
        "messages": [{"role": role, "content": with_tags(text)} for role, text in sample.turns],
        "answer_kind": sample.answer_kind,
        "answer": sample.answer,
        **dict(zip(PIXELS, sample.pixels, strict=True)),
    }


def _members(sample: Sample) -> Iterator[tuple[str, bytes]]:
    """What a sample puts into its shard: extension and content."""
    yield "json", json.dumps(_line(sample), ensure_ascii=False, allow_nan=False).encode()
    for number, picture in enumerate(sample.pictures, start=1):
        yield f"image{number}{Path(picture.name).suffix}", picture.read()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """One file, as if nobody owned it and no time had passed: the same samples give the same bytes."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


def _write(samples: Iterable[Sample], folder: Path, stem: str) -> int:
    waiting, count, shard = iter(samples), 0, 0
    while group := list(islice(waiting, _SAMPLES_PER_SHARD)):
        with tarfile.open(folder / f"{stem}-{shard:06d}.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
            for sample in group:
                for extension, data in _members(sample):
                    _add(tar, f"{count:08d}.{extension}", data)
                count += 1
        shard += 1
    return count


EXPORT = Export(
    title="WebDataset shards",
    usage='`webdataset.WebDataset(sorted(glob("{stem}-*.tar")), shardshuffle=False).decode("pil")` gives the messages '
    "under `json` and the pictures under `image1.jpg`, `image2.jpg` and so on. "
    "Give the processor {pixels}; the json tells it sample by sample.",
    write=_write,
)
