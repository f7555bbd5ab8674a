"""Environment that must be set before Prefect, Great Expectations or torch are imported; `flows/__init__.py` does so.

What the user has set already stays as it is.
"""

import os

_DEFAULTS = {
    # No usage reports: they fail noisily on machines without a way out, and nobody asked for them.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    # The temporary server takes 10 to 25 s to start on a busy two-core machine; the default limit is 20 s.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    # Our own progress lines say what happens; the engine speaks up when something is wrong.
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    # Two spinning OpenMP threads on a shared two-core machine are many times slower than one.
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "TOKENIZERS_PARALLELISM": "false",
    # Our progress lines replace the bars that model libraries draw for every file they write.
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def prepare() -> None:
    """Set every default that the environment does not hold yet."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
