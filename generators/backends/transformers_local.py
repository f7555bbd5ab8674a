"""transformers_local: a chat model in a local folder that transformers can open, with or without eyes.

    describe: {models: [{backend: transformers_local, model: ./models/Qwen2.5-VL-3B-Instruct}]}

Only safetensors weights are read and no code from the folder is ever run. On a GPU the weights are bfloat16 (float16
where it has none), on a CPU float32. The revision is a digest of the folder's files; a recipe that names it (or its
start) can be replayed where the folder is not.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile
from pathlib import Path

from generators.local_models import BATCH, batches, folder_digest, generated, open_local
from schemas.backend import Backend, Found, Means, Request
from schemas.errors import BadRecipe
from schemas.recipe import ModelChoice

_TITLE = "A local transformers folder"


def _choose(choice: ModelChoice) -> Backend:
    if not choice.model:
        raise BadRecipe("A model of the backend 'transformers_local' needs `model`: a local folder.")
    folder = Path(choice.model)
    revision = _revision(folder, choice.revision)
    return Backend(title=_TITLE, model=folder.resolve().name, revision=revision, ask=partial(_ask, folder))


def _revision(folder: Path, wanted: str) -> str:
    if not (folder / "config.json").is_file():
        if wanted:
            return wanted
        raise BadRecipe(
            f"The model folder {str(folder)!r} has no config.json. Give a folder that transformers can open, or "
            "`revision` to replay the answers of one."
        )
    found = folder_digest(folder)
    if wanted and not found.startswith(wanted):
        raise BadRecipe(f"The model folder {str(folder)!r} is revision {found!r}, and the recipe wants {wanted!r}.")
    return wanted or found


def _ask(folder: Path, requests: Sequence[Request], means: Means) -> Iterator[Found]:
    model = open_local(folder)
    for batch in batches(requests, BATCH):
        while batch:
            allowed = list(takewhile(lambda place: means.may_send(requests[place]), batch))
            if not allowed:
                return
            yield from zip(allowed, generated(model, [requests[at] for at in allowed], means.images), strict=True)
            batch = batch[len(allowed) :]


BACKEND = Backend(title=_TITLE, choose=_choose)
