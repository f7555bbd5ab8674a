"""Recipes: the YAML that defines a dataset version. Copy one, edit it, and give its path to `reidforge build`."""

from pathlib import Path

from generators.usable import unusable
from schemas.discovery import find, names
from schemas.errors import BadRecipe, UnknownName
from schemas.recipe import Recipe, SourceChoice, load_recipe
from schemas.source import Source

_FOLDER = Path(__file__).parent
# The recipe that stands for each setting, and which of its questions, where not all, need no labels a set may lack.
_MODELS: dict[str, tuple[str, tuple[str, ...]]] = {
    "standard": ("market1501", ("SAME_YN", "I2I_PICK1")),
    "attributes": ("market1501", ("ATTR_QA", "ATTR_YN", "CAP_SHORT")),
    "cloth-changing": ("ltcc", ()),
    "visible-infrared": ("sysu_mm01", ()),
    "text-to-image": ("cuhk_pedes", ()),
    "multi-modal": ("cuhk_pedes", ()),
    "captions": ("cuhk_pedes", ()),
}


def recipe_names() -> list[str]:
    """The recipes that come with the project, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def find_recipe(name: str) -> Recipe:
    """A recipe by name or by path; a dataset without a recipe of its own has the one of its setting.

    Raises UnknownName with the nearest match, BadRecipe with every fault.
    """
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise BadRecipe(f"There is no recipe file {name!r}. Recipes by name: {', '.join(recipe_names())}.")
        return _usable(load_recipe(path), name)
    if name in recipe_names():
        return _usable(load_recipe(_FOLDER / f"{name}.yaml"), name)
    if name in names("generators.sources"):
        return _of_setting(name)
    raise UnknownName.of("recipe", name, sorted({*recipe_names(), *names("generators.sources")}))


def _usable(recipe: Recipe, name: str) -> Recipe:
    """The recipe, if its families can use all that it says of them. Raises BadRecipe with every fault."""
    if problems := unusable(recipe):
        raise BadRecipe(f"The recipe {name!r} cannot be used:", problems)
    return recipe


def _of_setting(name: str) -> Recipe:
    """The recipe of the dataset that its setting is known by, for another dataset of the setting."""
    source: Source = find("generators.sources", "SOURCE", name)
    like, asked = _MODELS[source.setting]
    model = load_recipe(_FOLDER / f"{like}.yaml")
    families = {family: quota for family, quota in model.families.items() if not asked or family in asked}
    title = f"{source.title}, in the manner of {like}"
    own = {"name": name, "title": title, "sources": (SourceChoice(name=name),), "families": families}
    return model.model_copy(update=own)
