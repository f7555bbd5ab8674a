"""transformers_vision: any vision model in a local folder that transformers can open (ViT, DINOv2, CLIP, SigLIP …).

    mine: {miner: transformers_vision, model: ./models/dinov2-small}

Only safetensors weights are read and no code from the folder is ever run. The vector of a picture is the model's own
image embedding where it has one, its pooled output otherwise, and failing both the mean of its patches.
"""

import importlib
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from generators.local_models import SAFELY, libraries, opening
from schemas.errors import BadRecipe
from schemas.keys import digest, file_sha256
from schemas.miner import Miner, Vectors

_BATCH = 64
_READ = (".json", ".safetensors", ".txt")


def revision(model: str | None) -> str:
    """A digest of the folder's configuration and weights."""
    folder = _folder(model)
    files = sorted(path for path in folder.rglob("*") if path.suffix in _READ and path.is_file())
    return digest({path.relative_to(folder).as_posix(): file_sha256(path) for path in files})[:16]


def embed(encoded: Sequence[bytes], model: str | None) -> Vectors:
    """Unit rows, shape (n, d). Raises BadRecipe for an unusable folder, MissingExtra without torch and transformers."""
    prepare, network = _load(str(_folder(model)))
    parts = [_embed_batch(encoded[at : at + _BATCH], prepare, network) for at in range(0, len(encoded), _BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)


def _folder(model: str | None) -> Path:
    folder = Path(model) if model else None
    if folder is None or not (folder / "config.json").is_file():
        raise BadRecipe(
            f"The miner 'transformers_vision' needs mine.model, a local folder with a config.json; found {model!r}."
        )
    if not any(folder.glob("*.safetensors")):
        raise BadRecipe(f"The model folder {model!r} has no .safetensors weights; other weight files are not opened.")
    return folder


@lru_cache(maxsize=1)
def _load(folder: str) -> tuple[Any, Any]:
    _, transformers = libraries("The miner 'transformers_vision'")
    with opening(Path(folder), "a vision model"):
        prepare = transformers.AutoImageProcessor.from_pretrained(folder, **SAFELY)
        network = transformers.AutoModel.from_pretrained(folder, use_safetensors=True, **SAFELY)
    return prepare, network.eval()


def _embed_batch(encoded: Sequence[bytes], prepare: Any, network: Any) -> Vectors:
    torch = importlib.import_module("torch")
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in encoded]
    pixels = prepare(images=pictures, return_tensors="pt")
    with torch.inference_mode():
        vectors = _vectors(network, pixels).float().numpy()
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _vectors(network: Any, pixels: Any) -> Any:
    see = getattr(network, "get_image_features", network)
    found = see(**pixels)
    if hasattr(found, "ndim"):
        return found
    pooled = getattr(found, "pooler_output", None)
    return (found.last_hidden_state.flatten(1, -2).mean(dim=1) if pooled is None else pooled).flatten(1)


MINER = Miner(title="A local transformers vision model", revision=revision, embed=embed)
