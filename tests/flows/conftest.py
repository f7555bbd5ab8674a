import shutil
from pathlib import Path

import pytest

from flows.build import build_plain
from flows.recipes import find_recipe
from flows.reporter import Reporter
from generators.sample import write_sample


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """The smallest drawn raw datasets."""
    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, "tiny", sources=[choice.name for choice in find_recipe("demo_tiny").sources])
    return folder


@pytest.fixture(scope="session")
def first_build(raw, tmp_path_factory):
    """A build of the smallest demo, with its store and remote."""
    store = tmp_path_factory.mktemp("store")
    built, published = build_plain(find_recipe("demo_tiny"), raw, store, store / "published", 1, Reporter(quiet=True))
    return store, built, published


@pytest.fixture
def raw_copy(raw, tmp_path) -> Path:
    """A copy of the raw folders that a test may damage, written in another order."""
    files = sorted((path for path in raw.rglob("*") if path.is_file()), reverse=True)
    for path in files:
        target = tmp_path / "raw" / path.relative_to(raw)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return tmp_path / "raw"
