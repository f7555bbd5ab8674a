"""How near captions are to their images under a CLIP-like model in a local folder: the cosine of both embeddings.

    cosines(Path("models/clip-vit-b32"), [Pair("a.jpg#made0", sha256, "A man in a coat.")], images)

Only safetensors weights are read and no code from the folder is ever run. Cosines are rounded to three decimals, so
that they are the same on machines that add in another order.
"""

import importlib
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from generators.local_models import SAFELY, folder_digest, libraries, opening
from schemas.backend import ImageSource
from schemas.errors import BadRecipe

_BATCH = 64
_DECIMALS = 3


class Pair(NamedTuple):
    """A caption by name, the sha256 of its image, and its words."""

    name: str
    image: str
    text: str


def similarity_revision(model: str) -> str:
    """The digest of a model folder. Raises BadRecipe for a folder without a configuration or safetensors weights."""
    folder = Path(model)
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise BadRecipe(
            f"describe.similarity must be a local folder with a config.json and .safetensors weights; found {model!r}."
        )
    return folder_digest(folder)


def cosines(model: str, pairs: Sequence[Pair], images: ImageSource) -> dict[str, float]:
    """The cosine of every pair, by the caption's name."""
    prepare, network = _load(model)
    found: dict[str, float] = {}
    for at in range(0, len(pairs), _BATCH):
        batch = pairs[at : at + _BATCH]
        values = _batch(prepare, network, batch, images)
        found.update((pair.name, round(value, _DECIMALS)) for pair, value in zip(batch, values, strict=True))
    return found


@lru_cache(maxsize=1)
def _load(model: str) -> tuple[Any, Any]:
    _, transformers = libraries("describe.similarity")
    with opening(Path(model), "an image-text model"):
        prepare = transformers.AutoImageProcessor.from_pretrained(model, **SAFELY)
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, **SAFELY)
        network = transformers.AutoModel.from_pretrained(model, use_safetensors=True, **SAFELY)
    if not hasattr(network, "get_text_features") or not hasattr(network, "get_image_features"):
        raise BadRecipe(f"The model in {model!r} is no image-text model: it has no text and image features to compare.")
    return (prepare, tokenizer), network.eval()


def _batch(prepare: Any, network: Any, pairs: Sequence[Pair], images: ImageSource) -> list[float]:
    torch = importlib.import_module("torch")
    to_pixels, tokenizer = prepare
    pictures = [Image.open(io.BytesIO(images(pair.image))).convert("RGB") for pair in pairs]
    longest = getattr(getattr(network.config, "text_config", None), "max_position_embeddings", 77)
    words = tokenizer(
        [pair.text for pair in pairs], padding=True, truncation=True, max_length=longest, return_tensors="pt"
    )
    with torch.inference_mode():
        seen = _vectors(network.get_image_features(**to_pixels(images=pictures, return_tensors="pt")))
        read = _vectors(network.get_text_features(**words))
        values: list[float] = torch.nn.functional.cosine_similarity(seen.float(), read.float()).tolist()
    return values


def _vectors(found: Any) -> Any:
    """The embedding itself; some versions of transformers wrap it."""
    return found if hasattr(found, "ndim") else found.pooler_output
