"""Any server that speaks chat completions: vLLM, SGLang, llama.cpp, a commercial endpoint.

    describe: {models: [{model: Qwen/Qwen2.5-VL-7B-Instruct, revision: cc594898, sampling: {max_tokens: 200}}]}

Where it is, its key and its limits stand in the environment: generators/endpoint/settings.py. Pictures go as data URLs.
"""

from collections.abc import Iterator, Sequence

from generators.endpoint.asking import ask_endpoint
from generators.endpoint.settings import endpoint_of
from schemas.backend import Backend, Found, Means, Request
from schemas.errors import BadRecipe
from schemas.recipe import ModelChoice

_TITLE = "An OpenAI-compatible endpoint"


def _choose(choice: ModelChoice) -> Backend:
    if not choice.model:
        raise BadRecipe("A model of the backend 'openai_compatible' needs `model`: its name at the endpoint.")
    return Backend(title=_TITLE, model=choice.model, revision=choice.revision, ask=_ask)


def _ask(requests: Sequence[Request], means: Means) -> Iterator[Found]:
    return ask_endpoint(endpoint_of(), requests, means)


BACKEND = Backend(title=_TITLE, choose=_choose)
