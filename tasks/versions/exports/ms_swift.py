"""ms-swift: messages with `<image>` tokens; the family is the `channel`, so that losses are shown per family."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.versions.exporting import PIXELS, Export, Sample, with_tags, write_jsonl


def _line(sample: Sample) -> dict[str, Any]:
    return {
        "sample_id": sample.sample_id,
        "channel": sample.family,
        "messages": [{"role": role, "content": with_tags(text)} for role, text in sample.turns],
        "images": [picture.name for picture in sample.pictures],
        "chat_template_kwargs": dict(zip(PIXELS, sample.pixels, strict=True)),
        "solution": sample.answer,
    }


def _write(samples: Iterable[Sample], folder: Path, stem: str) -> int:
    return write_jsonl(((sample, _line(sample)) for sample in samples), folder, f"{stem}.jsonl")


EXPORT = Export(
    title="ms-swift messages",
    usage="Run `swift sft --dataset {stem}.jsonl` in this folder, or set ROOT_IMAGE_DIR to it.",
    write=_write,
)
