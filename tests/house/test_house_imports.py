import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


# Libraries that are there for others: two are held back for Prefect, s3fs is loaded by fsspec, and a version is read by
# `datasets`, which no module of ours loads.
FOR_OTHERS = {"fastapi", "sqlalchemy", "s3fs", "datasets"}


def _libraries(path: Path) -> set[str]:
    """The top-level modules that a file imports, plainly, late or by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"Later", "importlib.import_module"}:
            found |= {str(each.value) for each in node.args if isinstance(each, ast.Constant)}
    return {name.partition(".")[0] for name in found}


def test_every_library_that_is_imported_is_declared_and_no_other_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for name in ("train", "s3", "lineage") for line in extras[name])]
    declared = {re.split(r"[\[<>=]", line)[0].lower().replace("_", "-") for line in lines}
    rooms = ("schemas", "generators", "tasks", "flows", "data_contracts")
    modules = set().union(*(_libraries(path) for room in rooms for path in (ROOT / room).rglob("*.py")))
    owners = packages_distributions()
    theirs = {name for name in modules if name not in sys.stdlib_module_names and name in owners} - set(rooms)
    used = {owners[name][0].lower().replace("_", "-") for name in theirs}
    assert len(used) > 20
    assert used - declared == set()
    assert declared - used == FOR_OTHERS


def test_thin_task_modules_are_thin():
    import tasks

    thin = [m.name for m in pkgutil.iter_modules(tasks.__path__) if not m.ispkg and m.name not in {"policy", "view"}]
    assert len(thin) >= 12
    for name in thin:
        module = importlib.import_module(f"tasks.{name}")
        with open(module.__file__, encoding="utf-8") as file:
            assert len(file.readlines()) < 25, f"tasks/{name}.py does work that belongs in tasks/steps/{name}.py"
