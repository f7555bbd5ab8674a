"""Several models asked for several kinds: kept apart, read, merged, refused with a reason, and replayed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from test_generations_describe import files, ingested, table

from generators.similarity import Pair
from schemas.backend import Answer, Backend, Request
from schemas.errors import BadRecipe, UnknownName
from schemas.recipe import Describe, KindChoice, ModelChoice
from schemas.tables import STATEMENTS, TEXT_SCORES
from tasks.describing import models
from tasks.describing.models import Model
from tasks.generations.backends import open_backend
from tasks.steps import describe as step
from tasks.steps.describe import describe
from tasks.steps.store import StepOutput

__all__ = ["ingested"]

RED = "A woman in a red coat and a skirt can be seen from the front."
GREEN = "A woman in a green coat and a skirt can be seen from the front."
SORRY = "I'm sorry, but I cannot describe people in pictures for you."
MODELS = tuple(ModelChoice(backend="openai_compatible", model=name) for name in ("seer", "liar"))


def record(**values: str) -> str:
    """A record that tells some values and knows nothing else; colours are in it as the prompt's keys say."""
    return json.dumps(values)


def says(model: str, request: Request) -> Answer:
    """`seer` sees what is there, `liar` takes every coat for green; `sorry` stands for what a model declines."""
    if request.kind == "caption":
        return Answer(text=RED if model == "seer" else SORRY if request.style == "long" else GREEN)
    if request.kind == "attributes":
        keys = json.loads(request.response_schema or "{}")["properties"]
        told = {name: {"value": "unknown", "confidence": "low"} for name in keys}
        told |= {
            name: {"value": ["unknown"], "confidence": "low"} for name in ("action", "carried_object", "occlusion")
        }
        told["headwear"] = {"value": "cap", "confidence": "high"}
        return Answer(text=json.dumps(told))
    if request.kind == "rewording":
        return Answer(text="A person in a coat is walking along slowly.")
    return Answer(text="There is nothing to say.") if model == "seer" else Answer(text="", status="refused")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests that toy models answer instead of an endpoint."""
    sent: list[Request] = []

    def opened(choice: ModelChoice) -> Backend:
        if not choice.model:
            return open_backend(choice)

        def generate(requests: Sequence[Request]) -> Iterator[Answer]:
            sent.extend(requests)
            return (says(choice.model, request) for request in requests)

        return Backend(title=choice.model, model=choice.model, revision="1", generate=generate)

    monkeypatch.setattr(models, "open_backend", opened)
    return sent


KINDS = (
    KindChoice(kind="caption", styles=("static", "long"), per_image=2, models=("seer", "liar")),
    KindChoice(kind="attributes", models=("seer", "liar")),
    KindChoice(kind="dialogue"),
    KindChoice(kind="claims", models=("grammar",), styles=("lines",)),
    KindChoice(kind="rewording", models=("seer",)),
)
RECIPE = Describe(models=MODELS, kinds=KINDS, captions_per_image=1)


def test_models_are_kept_apart_and_what_each_may_say_is_checked(
    ingested: StepOutput, tmp_path: Path, asked: list[Request]
):
    done = describe(tmp_path / "store", ingested, RECIPE, 7)
    made = [row for row in table(done, "captions") if row["caption_source"] != "human"]
    sources = Counter((row["image_id"], row["caption_source"]) for row in made)
    assert sources["toy/a1", "mllm:seer@1"] == sources["toy/a1", "rule"] == 1
    assert {source for _, source in sources} == {"rule", "mllm:seer@1"}
    numbers = Counter((row["image_id"], row["caption_index"]) for row in table(done, "captions"))
    assert set(numbers.values()) == {1}
    assert all(not request.facts and request.prompt and request.subject for request in asked)


def test_every_refusal_names_its_reason_and_keeps_the_digest_of_the_answer(
    ingested: StepOutput, tmp_path: Path, asked: list[Request]
):
    done = describe(tmp_path / "store", ingested, RECIPE, 7)
    refused = table(done, "rejects")
    reasons = Counter((row["table"], row["reason"]) for row in refused)
    assert reasons == {
        ("captions", "refusal"): 5,
        ("captions", "disagrees"): 6,
        ("captions", "colour"): 2,
        ("captions", "facts_lost"): 5,
        ("statements", "not_json"): 5,
        ("statements", "generation_refused"): 5,
    }
    digests = {row["payload_sha256"] for row in refused if row["reason"] == "refusal"}
    assert digests == {hashlib.sha256(SORRY.encode()).hexdigest()}
    assert all(len(row["detail"]) > 20 for row in refused)


def test_statements_scores_and_records_have_the_promised_form(
    ingested: StepOutput, tmp_path: Path, asked: list[Request]
):
    done = describe(tmp_path / "store", ingested, RECIPE, 7)
    for spec in (STATEMENTS, TEXT_SCORES):
        rows = [tuple(row[name] for name in spec.key) for row in table(done, spec.name)]
        assert rows == sorted(set(rows))
    claims = [row for row in table(done, "statements") if row["kind"] == "claims"]
    assert claims
    assert all(row["caption_id"] and row["key"] for row in claims)
    told = Counter(row["attribute_source"] for row in table(done, "attributes") if row["key"] == "headwear")
    assert told == {"mllm:seer@1": 5, "mllm:liar@1": 5, "merged": 4}
    scores = {row["measure"] for row in table(done, "text_scores")}
    assert scores == {"contradiction", "disagrees", "models_differ"}


def test_similarity_to_the_image_is_measured_stored_and_noted(
    ingested: StepOutput, tmp_path: Path, asked: list[Request], monkeypatch: pytest.MonkeyPatch
):
    def near(model: str, pairs: Sequence[Pair], images: object) -> dict[str, float]:
        return {pair.name: 0.1 if "long" in pair.text else 0.3 - 0.25 * pair.image.startswith("a1") for pair in pairs}

    monkeypatch.setattr(step, "cosines", near)
    monkeypatch.setattr(step, "similarity_revision", lambda model: model)
    done = describe(tmp_path / "store", ingested, RECIPE.model_copy(update={"similarity": "clip"}), 7)
    captions = {row["caption_id"]: row for row in table(done, "captions")}
    scores = {r["caption_id"]: r["score"] for r in table(done, "text_scores") if r["measure"] == "dissimilar"}
    assert scores
    for name, score in scores.items():
        assert captions[name]["valid"]
        assert ("dissimilar" in captions[name]["flags"]) == (score > 0.85) == (captions[name]["image_id"] == "toy/a1")


def test_a_replay_asks_nobody_and_gives_the_same_bytes(ingested: StepOutput, tmp_path: Path, asked: list[Request]):
    first = describe(tmp_path / "store", ingested, RECIPE, 7)
    before, sent = files(first), len(asked)
    for path in first.folder.iterdir():
        path.unlink()
    first.folder.rmdir()
    assert files(describe(tmp_path / "store", ingested, RECIPE, 7, replay=True)) == before
    assert len(asked) == sent > 0


def test_a_recipe_that_asks_for_what_is_not_there_is_refused(
    ingested: StepOutput, tmp_path: Path, asked: list[Request]
):
    for recipe, error, words in (
        (Describe(kinds=(KindChoice(kind="poem"),)), UnknownName, "no kind of generation named 'poem'"),
        (Describe(kinds=(KindChoice(kind="claims", styles=("odes",)),)), UnknownName, "no claims style named 'odes'"),
        (Describe(kinds=(KindChoice(kind="claims", models=("seer",)),)), BadRecipe, "none of its models: grammar"),
        (Describe(models=(MODELS[0], MODELS[0])), BadRecipe, "asks a model twice: grammar, seer, seer"),
    ):
        with pytest.raises(error, match=words):
            describe(tmp_path / "store", ingested, recipe, 7)


def test_a_model_without_a_revision_is_named_alone():
    named = [
        Model(ModelChoice(model="seer"), Backend(title="seer", model="seer", revision=r), False) for r in ("", "1")
    ]
    assert [model.full_name for model in named] == ["seer", "seer@1"]
    assert [model.source for model in named] == ["mllm:seer", "mllm:seer@1"]
