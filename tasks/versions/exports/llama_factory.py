"""LLaMA-Factory: sharegpt rows in the OpenAI spelling, with the `dataset_info.json` that registers them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tasks.versions.exporting import Export, Sample, with_tags, write_jsonl

_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


def _line(sample: Sample) -> dict[str, Any]:
    return {
        "sample_id": sample.sample_id,
        "messages": [{"role": role, "content": with_tags(text)} for role, text in sample.turns],
        "images": [picture.name for picture in sample.pictures],
    }


def _write(samples: Iterable[Sample], folder: Path, stem: str) -> int:
    entry = {
        "file_name": f"{stem}.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": _TAGS,
    }
    registry = json.dumps({stem.replace("-", "_"): entry}, indent=2, sort_keys=True)
    (folder / "dataset_info.json").write_text(registry + "\n", encoding="utf-8")
    return write_jsonl(((sample, _line(sample)) for sample in samples), folder, f"{stem}.jsonl")


EXPORT = Export(
    title="LLaMA-Factory sharegpt",
    usage="Set `dataset_dir` and `media_dir` to this folder and `dataset` to the name in `dataset_info.json`; the "
    "budget of a picture is {pixels}.",
    write=_write,
)
