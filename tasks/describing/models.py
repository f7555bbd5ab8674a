"""The models of a recipe, and what each is asked for."""

from collections.abc import Iterator
from typing import NamedTuple

from generators.asking import kind_of
from schemas.backend import Backend, full_name
from schemas.errors import BadRecipe
from schemas.keys import digest
from schemas.recipe import Describe, KindChoice, ModelChoice
from tasks.generations.backends import open_backend

RULES = "grammar"
_CAPTION = "caption"


class Model(NamedTuple):
    """One model that is asked: as the recipe chooses it, and its backend. The `first` is the recipe's own backend."""

    choice: ModelChoice
    backend: Backend
    first: bool

    @property
    def name(self) -> str:
        """What recipes call it: the model, or the backend that serves only one."""
        return self.choice.model or self.choice.backend

    @property
    def by_rule(self) -> bool:
        """Whether it words facts instead of looking."""
        return self.choice.backend == RULES

    @property
    def full_name(self) -> str:
        """The model with its revision, as tables name it."""
        return full_name(self.backend.model, self.backend.revision)

    @property
    def source(self) -> str:
        """Who says so, in the words of tables."""
        return "rule" if self.by_rule else f"mllm:{self.full_name}"

    @property
    def mark(self) -> str:
        """Six letters that tell its rows from those of other models."""
        return digest([self.choice.backend, self.backend.model if self.choice.model else ""])[:6]


def models_of(recipe: Describe) -> list[Model]:
    """Every model of a recipe, its own backend first.

    Raises UnknownName for a backend that does not exist, and BadRecipe for a model that is named twice or not there.
    """
    choices = [ModelChoice(backend=recipe.backend), *recipe.models]
    names = [choice.model or choice.backend for choice in choices]
    if len(set(names)) < len(names):
        raise BadRecipe(f"The recipe asks a model twice: {', '.join(sorted(names))}. Give each model once.")
    models = [Model(choice, open_backend(choice), first=n == 0) for n, choice in enumerate(choices)]
    if len({model.mark for model in models}) < len(models):
        raise BadRecipe(f"Two local models have folders of one name: {', '.join(sorted(names))}. Rename one of them.")
    for choice in recipe.kinds:
        strange = sorted(set(choice.models) - set(names))
        if strange:
            raise BadRecipe(
                f"The recipe asks {strange[0]!r} for {choice.kind!r}, which is none of its models: {', '.join(names)}."
            )
    return models


def wanted_of(recipe: Describe, model: Model) -> Iterator[KindChoice]:
    """What a model is asked for besides the captions that every model makes."""
    for choice in recipe.kinds:
        if not choice.models or model.name in choice.models:
            yield choice


def default_captions(recipe: Describe, model: Model) -> KindChoice | None:
    """The captions that a model makes where the recipe's kinds say nothing of captions of this model.

    A model that is named for work on texts alone makes none: a small text model sees no pictures.
    """
    named = [choice.kind for choice in recipe.kinds if model.name in choice.models and not model.first]
    reads_only = bool(named) and not any(kind_of(kind).images for kind in named)
    if reads_only or any(choice.kind == _CAPTION for choice in wanted_of(recipe, model)):
        return None
    return KindChoice(kind=_CAPTION, per_image=recipe.captions_per_image, styles=recipe.styles)
