"""Recipes: the YAML that defines a dataset version. Copy one, edit it, and give its path to `reidforge build`."""

from pathlib import Path

from schemas.errors import BadRecipe, UnknownName
from schemas.recipe import Recipe, load_recipe

_FOLDER = Path(__file__).parent


def recipe_names() -> list[str]:
    """The recipes that come with the project, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def find_recipe(name: str) -> Recipe:
    """A recipe by name or by path. Raises UnknownName with the nearest match, BadRecipe with every fault."""
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise BadRecipe(f"There is no recipe file {name!r}. Recipes by name: {', '.join(recipe_names())}.")
        return load_recipe(path)
    if name not in recipe_names():
        raise UnknownName.of("recipe", name, recipe_names())
    return load_recipe(_FOLDER / f"{name}.yaml")
