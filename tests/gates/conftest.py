"""A toy version as published, on disk: written anew for every test, so that a test may damage it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from signing import sign

from tasks.checking.toy import Rows, toy_rows, write_toy

Publish = Callable[[Rows], Path]


@pytest.fixture
def publish_rows(tmp_path: Path) -> Publish:
    """Writes rows as a whole published version folder, with its manifest."""

    def publish(rows: Rows) -> Path:
        folder = tmp_path / "version"
        write_toy(folder, rows)
        sign(folder)
        return folder

    return publish


@pytest.fixture
def toy_version(publish_rows: Publish) -> Path:
    """A small version that keeps every promise."""
    return publish_rows(toy_rows())
