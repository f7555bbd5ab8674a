"""Where the endpoint is and what it may be asked at a time: from the environment, never from a recipe.

REIDFORGE_MLLM_URL                   http://127.0.0.1:8000/v1
REIDFORGE_MLLM_KEY                   sent as a bearer token; never stored, never printed
REIDFORGE_MLLM_CONCURRENCY           most requests in flight (64, at most 256)
REIDFORGE_MLLM_REQUESTS_PER_MINUTE   no limit when not set
REIDFORGE_MLLM_TOKENS_PER_MINUTE     no limit when not set
REIDFORGE_MLLM_TIMEOUT               seconds for one answer (120)
REIDFORGE_MLLM_PATIENCE              seconds of nothing but failures after which the endpoint counts as lost (120)
"""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from schemas.errors import EndpointFault

PREFIX = "REIDFORGE_MLLM_"
MAX_IN_FLIGHT = 256


class Endpoint(BaseModel):
    """An OpenAI-compatible endpoint. `url` is the base under which `chat/completions` lies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    key: SecretStr = SecretStr("")
    concurrency: int = Field(64, ge=1, le=MAX_IN_FLIGHT)
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_minute: float | None = Field(None, gt=0)
    timeout: float = Field(120.0, gt=0, le=3_600)
    patience: float = Field(120.0, gt=0, le=86_400)
    backoff: float = Field(0.5, gt=0, le=60)
    """Seconds before the second try; each later one waits up to twice as long, at most 30 s."""

    @field_validator("url")
    @classmethod
    def _is_plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http or https address such as http://127.0.0.1:8000/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must not hold a user, a password or a query; a key goes into REIDFORGE_MLLM_KEY")
        return url.rstrip("/")


def endpoint_of(environment: Mapping[str, str] = os.environ) -> Endpoint:
    """The endpoint that the environment names. Raises EndpointFault when it names none, or one that cannot be."""
    names = [name for name in Endpoint.model_fields if environment.get(PREFIX + name.upper())]
    if "url" not in names:
        raise EndpointFault(
            f"No model endpoint is set: put its address into {PREFIX}URL (and its key, if it wants one, into "
            f"{PREFIX}KEY), or build from stored answers alone."
        )
    try:
        return Endpoint.model_validate({name: environment[PREFIX + name.upper()] for name in names})
    except ValidationError as error:
        problems = [f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise EndpointFault("The settings of the model endpoint cannot be used:", problems) from None
