"""The Qwen-VL finetuning code: `conversations` of human and gpt, pictures under `image`.

Its reader takes every speaker but `human` for the assistant and trains on it, so nobody else speaks here.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.versions.exporting import Export, Sample, with_tags, write_jsonl

_SPEAKERS = {"user": "human", "assistant": "gpt"}


def _line(sample: Sample) -> dict[str, Any]:
    line: dict[str, Any] = {"sample_id": sample.sample_id}
    if sample.pictures:
        line["image"] = [picture.name for picture in sample.pictures]
    line["conversations"] = [{"from": _SPEAKERS[role], "value": with_tags(text)} for role, text in sample.turns]
    return line


def _write(samples: Iterable[Sample], folder: Path, stem: str) -> int:
    return write_jsonl(((sample, _line(sample)) for sample in samples), folder, f"{stem}.jsonl")


EXPORT = Export(
    title="Qwen-VL finetune",
    usage="Register `{stem}.jsonl` as `annotation_path` and this folder as `data_path`; set {pixels}.",
    write=_write,
)
