"""A checkpoint: a folder that transformers reads, the stage-0 heads beside it, and a record of what it learnt from.

checkpoint.json names the version's digest, the seed, the plan, the stage and the layout that gives the weights their
meaning; weights are safetensors, never pickles.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from schemas.errors import BadTable, WrongUse
from schemas.keys import canonical_json, digest
from tasks.steps.store import new_folder
from tasks.training.comparing import ALIKE, LAYER, LOOKS, OTHER, PARTS, PLACES, TOLD, WIDTH
from tasks.training.heads import build_heads
from tasks.training.keep import put_weights, weights_of
from tasks.training.network import SHAPE
from tasks.training.tokens import CHAT_TEMPLATE, SPECIAL, load_tokenizer, save_tokenizer

RECORD = "checkpoint.json"
FORMAT = 1


@dataclass(slots=True)
class Modules:
    """A tiny model with everything that is trained: the Qwen3-VL, the stage-0 heads, the tokenizer."""

    model: Any
    heads: Any
    tokenizer: Any


def save_checkpoint(modules: Modules, record: Mapping[str, Any], metrics: Mapping[str, Any], folder: Path) -> None:
    """Write a checkpoint whole; `record` must hold the sizes of the heads so that they can be built again."""
    from safetensors.torch import save_file

    _no_bars()
    with new_folder(folder) as draft:
        modules.model.save_pretrained(draft)
        save_tokenizer(modules.tokenizer, draft)
        save_file(weights_of({"heads": modules.heads}), draft / "heads.safetensors")
        (draft / "metrics.json").write_bytes(canonical_json({"stage": record["stage"], **metrics}))
        (draft / RECORD).write_bytes(canonical_json({"format": FORMAT, **record}))


def _no_bars() -> None:
    """Silence the progress bars of transformers: flows tell the progress."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def read_record(folder: Path) -> dict[str, Any]:
    """What a checkpoint says of itself. Raises WrongUse when the folder is none, BadTable when it is unreadable."""
    path = folder / RECORD
    if not path.is_file():
        raise WrongUse(f"The folder {str(folder)!r} is not a checkpoint: it has no {RECORD}.")
    try:
        record = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadTable(f"The file {str(path)!r} is not JSON: {error}.") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BadTable(f"The checkpoint {str(folder)!r} is not of format {FORMAT}; train it again with this release.")
    return record


def layout() -> str:
    """A digest of what gives a tiny model's weights their meaning: which value holds what, patches, dialogue form."""
    values = {name: str(where) for name, where in {**PARTS, "other": OTHER, "told": TOLD, "looks": LOOKS}.items()}
    return digest([WIDTH, PLACES, LAYER, values, dict(ALIKE), asdict(SHAPE), SPECIAL, CHAT_TEMPLATE])[:16]


def load_checkpoint(folder: Path) -> tuple[Modules, dict[str, Any]]:
    """A checkpoint's modules, ready to answer, and its record. Raises BadTable when it was written by other training
    code, and when a file of it is missing or damaged.
    """
    from safetensors import SafetensorError

    record = read_record(folder)
    if record.get("layout") != layout():
        raise BadTable(
            f"The checkpoint {str(folder)!r} was written by other training code (layout {record.get('layout')!r}, here "
            f"{layout()!r}): train it again with this release."
        )
    try:
        return _read(folder, record["attribute_sizes"]), record
    except (KeyError, OSError, RuntimeError, TypeError, ValueError, SafetensorError) as error:
        fault = str(error).splitlines()[0].rstrip(".")
        raise BadTable(f"The checkpoint {str(folder)!r} cannot be read ({fault}): train it again.") from error


def _read(folder: Path, attribute_sizes: list[int]) -> Modules:
    from safetensors.torch import load_file
    from transformers import Qwen3VLForConditionalGeneration

    _no_bars()
    if "vision_config" not in json.loads((folder / "config.json").read_bytes()):
        raise ValueError("config.json tells of no tower")
    model, told = Qwen3VLForConditionalGeneration.from_pretrained(
        folder, local_files_only=True, dtype="float32", output_loading_info=True
    )
    if told["missing_keys"]:
        raise KeyError(f"no weight {sorted(told['missing_keys'])[0]}")
    heads = build_heads(attribute_sizes)
    put_weights({"heads": heads}, load_file(folder / "heads.safetensors"))
    return Modules(model.eval(), heads.eval(), load_tokenizer(folder))
