"""A step is skipped when its digest exists, so its digest must cover all of the code that its outcome follows from."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType

import generators.questions
from generators import captions, kinds
from tasks import describing
from tasks.steps import compose, describe

ROOT = Path(__file__).parents[2]
QUESTIONS = [f"generators.questions.{path.stem}" for path in Path(generators.questions.__path__[0]).glob("*.py")]
# Declarations and the shape of a recipe: what is taken from them stands in the inputs of a step.
DECLARED = {"schemas.discovery", "schemas.errors", "schemas.later", "schemas.prices", "schemas.recipe"}


@cache
def imported(name: str) -> frozenset[str]:
    """The modules of this repository that a module names in its imports, also those inside functions."""
    path = ROOT / f"{name.replace('.', '/')}.py"
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return frozenset(each for each in found if (ROOT / f"{each.replace('.', '/')}.py").is_file())


def behind(first: Iterable[str], rooms: tuple[str, ...]) -> set[str]:
    """Modules and all that they lean on, directly or through others, as far as it lies in some rooms."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        name = waiting.pop()
        if name not in found and name.startswith(rooms):
            found.add(name)
            waiting += imported(name)
    return found


def names_of(modules: Iterable[ModuleType]) -> tuple[str, ...]:
    """The modules that a digest covers; a package stands for all of its files."""
    return tuple(module.__name__ for module in modules)


def missing(wanted: set[str], covered: tuple[str, ...], *besides: str) -> list[str]:
    """What a digest leaves out."""
    whole = tuple(f"{name}." for name in covered)
    return sorted(name for name in wanted - {*covered, *besides} - DECLARED if not name.startswith(whole))


def test_rows_are_composed_anew_when_anything_changes_that_questions_lean_on() -> None:
    wanted = behind(QUESTIONS, ("generators.", "schemas."))
    assert len(wanted) > 60
    covered = names_of((generators.questions, *compose._CODE, *compose._SCHEMAS))
    assert missing(wanted, covered, "schemas.miner", "schemas.rows") == []


def test_people_are_described_anew_when_anything_changes_that_reads_an_answer() -> None:
    folders = names_of((captions, kinds, describing))
    first = [f"{name}.{path.stem}" for name in folders for path in (ROOT / name.replace(".", "/")).glob("[a-z]*.py")]
    wanted = {each for each in behind(first, ("generators.", "schemas.")) if ".endpoint." not in each}
    assert len(wanted) > 30
    # How a model is reached, how local weights are opened, and what a source or a question declares.
    asked = ("generators.local_models", "generators.model_json", "schemas.source", "schemas.question")
    assert missing(wanted, (*folders, *names_of(describe._CODE)), *asked) == []
