"""What every test gets: a quiet environment without a network, and none of it from the machine it runs on."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # tests are imported by path; what rooms share stands here

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "600"
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
os.environ["PREFECT_LOGGING_SERVER_LEVEL"] = "CRITICAL"

# A slow machine fails no property, and what passed once passes again; `--hypothesis-profile explore` draws anew.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("same")


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """The smallest drawn raw datasets."""
    from flows.recipes import find_recipe
    from generators.sample import write_sample

    folder = tmp_path_factory.mktemp("raw")
    write_sample(folder, "tiny", sources=[choice.name for choice in find_recipe("demo_tiny").sources])
    return folder


@pytest.fixture(scope="session")
def every_raw(tmp_path_factory) -> Path:
    """The smallest drawn raw datasets, every layout there is. Read only."""
    from generators.sample import write_sample

    folder = tmp_path_factory.mktemp("every") / "raw"
    write_sample(folder, "tiny")
    return folder


@pytest.fixture(scope="session")
def first_build(raw, tmp_path_factory):
    """A build of the smallest demo: its store, the Built and the Published."""
    from flows.order import build_and_publish
    from flows.recipes import find_recipe
    from flows.reporter import Reporter
    from flows.runner import PlainRunner

    store = tmp_path_factory.mktemp("store")
    runner = PlainRunner(1, Reporter(quiet=True))
    built, published = build_and_publish(find_recipe("demo_tiny"), raw, store, store / "published", runner)
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
