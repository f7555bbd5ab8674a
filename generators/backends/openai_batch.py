"""Batch files: requests are written by `reidforge generations export-batch` and answers read by `import-batch`.

    describe: {models: [{backend: openai_batch, model: some-model-2026-01-01}]}

The keys are those of any other backend with the same model, so a build does not tell how an answer came.
"""

from collections.abc import Iterator, Sequence

from schemas.backend import Backend, Found, Means, Request
from schemas.errors import BadRecipe, MissingGenerations
from schemas.recipe import ModelChoice

_TITLE = "Batch files of an OpenAI-compatible service"


def _choose(choice: ModelChoice) -> Backend:
    if not choice.model:
        raise BadRecipe("A model of the backend 'openai_batch' needs `model`: its name at the service.")
    return Backend(title=_TITLE, model=choice.model, revision=choice.revision, ask=_ask)


def _ask(requests: Sequence[Request], means: Means) -> Iterator[Found]:
    raise MissingGenerations(
        f"{len(requests)} requests to {requests[0].model!r} are to be answered by batch files: write them with "
        "`reidforge generations export-batch`, read the results with `reidforge generations import-batch`, then build "
        "again."
    )


BACKEND = Backend(title=_TITLE, choose=_choose)
