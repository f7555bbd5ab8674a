"""TRL's SFT trainer for vision-language models: typed content blocks, pictures in their own column.

Every block has exactly the keys `type` and `text`: a block with an `image` key would give all blocks one in Arrow, and
TRL then finds no place for any image.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.versions.exporting import IMAGE_TAG, Export, Sample, with_tags, write_jsonl


def _line(sample: Sample) -> dict[str, Any]:
    return {
        "sample_id": sample.sample_id,
        "images": [picture.name for picture in sample.pictures],
        "messages": [{"role": role, "content": _blocks(with_tags(text))} for role, text in sample.turns],
    }


def _blocks(text: str) -> list[dict[str, str]]:
    blocks: list[dict[str, str]] = []
    for number, piece in enumerate(text.split(IMAGE_TAG)):
        if number:
            blocks.append({"type": "image", "text": ""})
        if piece.strip():
            blocks.append({"type": "text", "text": piece})
    return blocks


def _write(samples: Iterable[Sample], folder: Path, stem: str) -> int:
    return write_jsonl(((sample, _line(sample)) for sample in samples), folder, f"{stem}.jsonl")


EXPORT = Export(
    title="TRL SFT",
    usage='In this folder: `load_dataset("json", data_files="{stem}.jsonl").cast_column("images", List(Image()))`; '
    "train with `max_length=None`, since truncation can cut image tokens, and `assistant_only_loss=True`, since TRL "
    "trains on the questions too otherwise. Give the processor {pixels}.",
    write=_write,
)
