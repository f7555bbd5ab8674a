import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"prefect", "great_expectations", "torch", "transformers", "peft", "datasets", "matplotlib"}
PURE = [
    "schemas",
    "generators",
    "tasks.steps",
    "tasks.packs",
    "tasks.generations",
    "tasks.describing",
    "tasks.gates",
    "tasks.contracts",
    "tasks.versions",
    "tasks.protocols",
    "tasks.scoring",
    "tasks.training",
    "tasks.report",
]


def _modules(package):
    folder = importlib.import_module(package).__path__
    return [package, *(found.name for found in pkgutil.walk_packages(folder, f"{package}."))]


@pytest.mark.parametrize("package", PURE)
def test_pure_rooms_import_without_an_orchestrator_or_a_model_library(package):
    modules = _modules(package)
    assert len(modules) >= 2
    code = f"import sys\nfor name in {modules}: __import__(name)\nprint(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_build_that_finds_nothing_to_do_starts_without_what_it_has_no_use_for():
    steps = ("ingest", "link", "describe", "mine", "compose", "benchmark", "stage", "validate", "publish")
    modules = ["flows.cli", "flows.order", "flows.runner", *(f"tasks.steps.{step}" for step in steps)]
    needless = {"jinja2", "jsonschema", "rich.progress", "prefect", "pandas", "aiohttp", "httpx"}
    code = f"import sys\nfor name in {modules}: __import__(name)\nprint(*sorted({needless} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_import_contracts_hold():
    tool = str(Path(sys.executable).with_name("lint-imports"))
    done = subprocess.run([tool], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_thin_task_modules_are_thin():
    import tasks

    thin = [m.name for m in pkgutil.iter_modules(tasks.__path__) if not m.ispkg and m.name not in {"policy", "view"}]
    assert len(thin) >= 12
    for name in thin:
        module = importlib.import_module(f"tasks.{name}")
        with open(module.__file__, encoding="utf-8") as file:
            assert len(file.readlines()) < 25, f"tasks/{name}.py does work that belongs in tasks/steps/{name}.py"
