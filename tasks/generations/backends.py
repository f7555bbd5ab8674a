"""The backend of a model that a recipe chooses."""

from schemas.backend import Backend
from schemas.discovery import find
from schemas.recipe import ModelChoice


def open_backend(choice: ModelChoice) -> Backend:
    """The backend that asks the chosen model. Raises UnknownName for a backend that does not exist.

    What a model needs besides (an endpoint, a folder) is looked for when it is first asked, so that a replay needs
    none of it.
    """
    backend: Backend = find("generators.backends", "BACKEND", choice.backend)
    return backend.choose(choice) if backend.choose else backend
