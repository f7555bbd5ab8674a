"""Flows that are run here and now: what they hand back, and what is said when no server answers."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.orchestrate import as_flow, run_flow
from schemas.errors import Unreachable

_NOBODY = "http://127.0.0.1:9/api"


@as_flow
def doubled(number: int) -> int:
    return 2 * number


def test_a_prefect_server_that_does_not_answer_is_named_with_the_remedy():
    with (
        temporary_settings({PREFECT_API_URL: _NOBODY}),
        pytest.raises(Unreachable, match=rf"Prefect server at '{_NOBODY}' does not answer: .*--no-orchestrator"),
    ):
        run_flow(doubled, 1, number=2)
