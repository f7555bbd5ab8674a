"""A toy version as published, on disk: written anew for every test, so that a test may damage it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.keys import file_sha256
from schemas.manifest import FileEntry, Manifest
from tasks.checking.toy import Rows, toy_rows, write_toy
from tasks.versions.manifest import dump_manifest

Publish = Callable[[Rows], Path]


def _manifest(folder: Path) -> Manifest:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [
        FileEntry(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=file_sha256(path))
        for path in paths
    ]
    return Manifest(
        format_version=1,
        name="toy",
        version="0.1.0",
        title="Toy",
        seed=7,
        recipe={},
        recipe_digest="0" * 64,
        sources=[],
        gates=[],
        steps={},
        models={},
        parents=[],
        writer="test",
        files=files,
    )


@pytest.fixture
def publish_rows(tmp_path: Path) -> Publish:
    """Writes rows as a whole published version folder, with its manifest."""

    def publish(rows: Rows) -> Path:
        folder = tmp_path / "version"
        write_toy(folder, rows)
        (folder / "manifest.json").write_bytes(dump_manifest(_manifest(folder)))
        return folder

    return publish


@pytest.fixture
def toy_version(publish_rows: Publish) -> Path:
    """A small version that keeps every promise."""
    return publish_rows(toy_rows())
