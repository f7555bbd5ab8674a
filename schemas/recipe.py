"""The recipe: one YAML file that defines a dataset version. People copy and edit it, so a misspelt key is an error.

name: market1501
version: 0.1.0
seed: 7
sources: [{name: market1501}]
families: {ATTR_QA: {stage: 1, rows: {train: 4000, test: 400}}}
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, with_config
from typing_extensions import TypedDict

from schemas.errors import BadRecipe
from schemas.prices import Price, Prices

LOCAL = "transformers_local"
"""The backend whose models are folders of this machine."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Share = Annotated[float, Field(gt=0, le=1)]
Split = Annotated[str, Field(pattern=r"^(train|val|test)$")]
Part = Annotated[float, Field(ge=0, le=1)]
AtLeastOne = Annotated[int, Field(ge=1)]
SemanticVersion = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceChoice(_Strict):
    """One raw dataset: `root` is its folder below --raw (found by its usual names when left out).

    A dataset that was withdrawn is refused unless `accept_withdrawn` says who uses it all the same, and why.
    """

    name: Name
    root: str | None = None
    accept_withdrawn: Annotated[str | None, Field(min_length=10, max_length=500, pattern=r"\w+\s+\w+")] = None


class Sampling(_Strict):
    """How a model is sampled, where it is not as its kind of question says; all of it enters the request key."""

    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=32_768)] = None

    def given(self) -> dict[str, Any]:
        """What was given, as a request carries it."""
        return self.model_dump(exclude_none=True)


class ModelChoice(_Strict):
    """One model: by which backend, its name at the endpoint (or its local folder), its revision, how it is sampled.

    Where the endpoint is, what it may be asked at a time and its key are no part of a recipe: they stand in the
    environment (docs/generations.md).
    """

    backend: Name = "openai_compatible"
    model: Annotated[str, Field(max_length=500)] = ""
    revision: Annotated[str, Field(max_length=200)] = ""
    preprocessing: Annotated[str, Field(max_length=200)] = "raw"
    sampling: Sampling = Sampling()


class KindChoice(_Strict):
    """One kind of generation (see generators/kinds/): how many an image gets, in which styles, and who is asked.

    Without `styles` all of the kind's are used. `models` names models, or backends that serve one; without it every
    model of the recipe is asked.
    """

    kind: Name
    per_image: Annotated[int, Field(ge=0, le=8)] = 1
    styles: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class Describe(_Strict):
    """How captions are made: the backend, how many an image gets, and in which styles.

    `models` are the models that are asked besides, each kept apart from the others. `kinds` is what is asked for
    besides captions; where it lists captions, that says how the models it names are asked for them. `similarity` is a
    local folder of a CLIP-like model that measures how far made captions are from their images.
    """

    backend: Name = "grammar"
    models: tuple[ModelChoice, ...] = ()
    captions_per_image: Annotated[int, Field(ge=0, le=8)] = 2
    styles: tuple[str, ...] = ("plain", "witness", "inventory", "shoes_first")
    kinds: tuple[KindChoice, ...] = ()
    similarity: str | None = None

    def placeless(self) -> dict[str, Any]:
        """The same as plain values, with the names of local folders instead of where they lie on this machine."""
        plain = self.model_dump(mode="json")
        folders = {each.model: _folder_name(each.model) for each in self.models if each.backend == LOCAL}
        for asked in plain["models"]:
            asked["model"] = folders.get(asked["model"], asked["model"])
        for asked in plain["kinds"]:
            asked["models"] = [folders.get(name, name) for name in asked["models"]]
        return plain | {"similarity": _folder_name(self.similarity) if self.similarity else None}


def _folder_name(folder: str) -> str:
    return Path(folder).absolute().name


class Mine(_Strict):
    """How negatives are found: the miner, how many neighbours are kept, and a local model folder if it needs one.

    `margins` keeps the miner's vectors, so that rows can say by how much it errs (generators/margins.py).
    """

    miner: Name = "striped_colour"
    top_k: Annotated[int, Field(ge=1, le=200)] = 20
    model: str | None = None
    margins: bool = False


class AcceptedOverlap(_Strict):
    """Training on people whom a benchmark tests, on purpose: `train` and `test` name a dataset or one person key."""

    train: Annotated[str, Field(pattern=r"^[a-z0-9_]+(:.+)?$")]
    test: Annotated[str, Field(pattern=r"^[a-z0-9_]+(:.+)?$")]
    reason: Annotated[str, Field(min_length=10, max_length=500, pattern=r"\w+\s+\w+")]


class Link(_Strict):
    """How persons of several datasets are found to be one: `miner` (off) adds links by embedding.

    Two pictures of different datasets are linked when their cosine distance is at most `max_distance`. `accept` lists
    overlaps that are kept in training all the same; each is printed in the gate's verdict, the card and the report.
    """

    miner: Name | None = None
    model: str | None = None
    max_distance: Annotated[float, Field(ge=0, le=1)] = 0.02
    accept: tuple[AcceptedOverlap, ...] = ()

    def accepted(self) -> list[dict[str, str]]:
        """The accepted overlaps as plain values."""
        return [one.model_dump() for one in self.accept]


@with_config(extra="forbid")
class Options(TypedDict, total=False):
    """The options of a family; docs/questions.md says what each means, and its default."""

    shares: dict[str, Annotated[dict[str, float], Field(min_length=1)]]
    per_image: AtLeastOne
    per_person: AtLeastOne
    per_paraphrase: AtLeastOne
    wordings: AtLeastOne
    hard: Part
    narrow: Share
    twins: Part
    twin_values: AtLeastOne
    cross_camera: Part
    frame_gap: Annotated[int, Field(ge=0)]
    none_share: Part
    right_share: Part
    hidden_share: Part
    distractors: Part
    queries: AtLeastOne
    min_words: AtLeastOne
    max_words: AtLeastOne
    withhold: list[str]
    confidence: bool
    also_splits: list[Literal["val", "none"]]


class Family(_Strict):
    """One question family's quota: its stage, and how many rows each split gets."""

    stage: Annotated[int, Field(ge=1, le=3)]
    rows: dict[Split, Annotated[int, Field(ge=0)]]
    options: Options = Field(default_factory=Options)


class Train(_Strict):
    """How a model is trained: `tiny`, or a folder or hub id of a Qwen-VL model; steps scale with `effort`.

    `shares` are, per stage, the shares of families inside a batch; those of earlier stages are its replay. A stage
    that is not named has the shares of tasks/training/plan.py.
    """

    model: str = "tiny"
    effort: Annotated[float, Field(gt=0, le=100)] = 1.0
    seed: int = 7
    shares: dict[Annotated[int, Field(ge=1, le=3)], Annotated[dict[str, Share], Field(min_length=1)]] = Field(
        default_factory=dict
    )


class Evaluate(_Strict):
    """Which protocols and scorers are run."""

    protocols: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ("colour_histogram", "embedding", "embedding_yesno")
    rerank_top: Annotated[int, Field(ge=1, le=100)] = 10


class Recipe(_Strict):
    """One dataset version: what goes in, what is asked, and what is promised.

    `prices` is what models cost (schemas/prices.py): the card says by it what the answers in a version cost.
    """

    name: Name
    version: SemanticVersion
    title: str
    seed: int = 7
    sources: Annotated[tuple[SourceChoice, ...], Field(min_length=1)]
    describe: Describe = Describe()
    link: Link = Link()
    mine: Mine = Mine()
    families: Annotated[dict[str, Family], Field(min_length=1)]
    prices: Prices | None = None
    pixel_budget: tuple[int, int] = (50_176, 100_352)
    train: Train = Train()
    evaluate: Evaluate = Evaluate()


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file. Raises BadRecipe with every fault at once: its place, the value, and the nearest key."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadRecipe(f"The recipe {str(path)!r} cannot be read as YAML: {_one_line(error)}.") from error
    if not isinstance(raw, dict):
        raise BadRecipe(f"The recipe {str(path)!r} must be a mapping with a name, a version and sources.")
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        problems = [_problem(fault) for fault in error.errors()]
        raise BadRecipe(f"The recipe {str(path)!r} cannot be used:", problems) from error
    if problems := list(_unasked(recipe)):
        raise BadRecipe(f"The recipe {str(path)!r} cannot be used:", problems)
    return recipe


def _unasked(recipe: Recipe) -> Iterator[str]:
    """Shares of training that nothing could fill: of families that the recipe does not ask by that stage."""
    for stage, shares in sorted(recipe.train.shares.items()):
        asked = [name for name, family in sorted(recipe.families.items()) if family.stage <= stage]
        for name in sorted(set(shares) - set(asked)):
            near = get_close_matches(name, asked, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            words = f"the recipe asks no such family in stage {stage} or before it"
            yield f"train.shares.{stage}.{name}: {words}.{hint} It asks: {', '.join(asked) or 'none'}."


def _one_line(error: Exception) -> str:
    """What is wrong, and where in the file where YAML says so."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark:
        return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"
    return re.sub(r"\s+", " ", str(error)).strip()


def _problem(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _keys_at(fault["loc"][:-1])
        near = get_close_matches(str(fault["loc"][-1]), known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"{place}: no such key.{hint} Known here: {', '.join(known)}."
    return f"{place}: {fault['msg']} (found {fault['input']!r})."


_MODELS: dict[str, type[BaseModel]] = {
    "sources": SourceChoice,
    "describe": Describe,
    "models": ModelChoice,
    "sampling": Sampling,
    "kinds": KindChoice,
    "link": Link,
    "mine": Mine,
    "families": Family,
    "train": Train,
    "evaluate": Evaluate,
}


def _keys_at(place: tuple[Any, ...]) -> list[str]:
    if place[:1] == ("prices",):
        return list((Price if len(place) > 1 else Prices).model_fields)
    if place[:1] == ("families",) and place[2:] == ("options",):
        return list(Options.__annotations__)
    named = [str(part) for part in place if part in _MODELS]
    return list((_MODELS[named[-1]] if named else Recipe).model_fields)
