"""What a test against a real Prefect server needs: the marks of its module, which bring the server of conftest."""

import pytest

ON_A_SERVER = [
    pytest.mark.usefixtures("server"),
    pytest.mark.server,
    pytest.mark.slow,
    # Prefect's own start and stop of the temporary server leaves these behind; none of them is ours.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
