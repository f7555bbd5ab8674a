"""A whole build whose models see wrongly and reword badly: what of it reaches the tables, and what labels overrule."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.asking import Asking
from flows.order import build_version
from flows.reporter import Reporter
from flows.runner import PlainRunner
from generators.records import resolve
from generators.sample import write_sample
from schemas.recipe import Recipe
from tasks.versions.reader import VersionFolder

sys.path.insert(0, str(Path(__file__).parents[1] / "generations"))
from hostile_server import Hostile

LABELS = "market_attribute"
KEY, TOLD = "gender_presentation", "feminine"
"""What both models say of everybody, whatever the labels say."""
CAPTION = "A man with glasses wears a jacket and blue jeans and can be seen from the front."
CLAIMS = {
    "The person is a man.": ("gender_presentation", "masculine"),
    "The person wears glasses.": ("glasses", "glasses"),
    "The jeans are blue and the day is fine.": ("lower_type", "jeans"),
    "It is a fine day.": (None, None),
}
RECIPE = {
    "name": "described",
    "version": "0.1.0",
    "title": "A recipe of two models that see and a small one that only reads",
    "sources": [{"name": "market1501"}],
    "describe": {
        "models": [{"model": "seer", "revision": "1"}, {"model": "liar", "revision": "1"}, {"model": "small"}],
        "kinds": [
            {"kind": "caption", "models": ["seer"], "styles": ["static"], "per_image": 1},
            {"kind": "attributes", "models": ["seer", "liar"]},
            {"kind": "claims", "models": ["small"], "styles": ["lines"]},
            {"kind": "rewording", "models": ["small"], "styles": ["paraphrase"]},
        ],
    },
    "families": {"ATTR_QA": {"stage": 1, "rows": {"train": 10, "test": 5}}},
}


class Saying(Hostile):
    """Three models behind one endpoint: two that tell records and captions, and `small`, which is given text alone."""

    def _completion(self, fault: str, prompt: str, asked: dict[str, Any]) -> bytes:
        self._numbers += 1
        message = {"role": "assistant", "content": said(asked, prompt)}
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        choices = [{"message": message, "finish_reason": "stop"}]
        return json.dumps({"id": f"c-{self._numbers}", "choices": choices, "usage": usage}).encode()


def said(asked: dict[str, Any], prompt: str) -> str:
    if "response_format" in asked:
        keys = asked["response_format"]["json_schema"]["schema"]["properties"]
        seen = {KEY: TOLD, "glasses": "glasses"}
        unknown = {
            name: ["unknown"] if "items" in key["properties"]["value"] else "unknown" for name, key in keys.items()
        }
        return json.dumps({name: {"value": unknown[name], "confidence": "low"} for name in keys} | {
            name: {"value": value, "confidence": "high"} for name, value in seen.items()
        })  # fmt: skip
    if asked["model"] != "small":
        return CAPTION
    return "\n- ".join(CLAIMS) if "apart" in prompt else "A man in a fine green hat."


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[VersionFolder, Counter[str]]]:
    """The staged version, and how often each model was asked."""
    base = tmp_path_factory.mktemp("described")
    write_sample(base / "raw", "tiny", sources=["market1501"])
    with Saying() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REIDFORGE_MLLM_URL", server.url)
        runner = PlainRunner(1, Reporter(quiet=True))
        done = build_version(Recipe.model_validate(RECIPE), base / "raw", base / "store", runner, Asking())
        yield VersionFolder(done.staged.folder), Counter(body["model"] for body in server.bodies)


def table(version: VersionFolder, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = version.table(name).to_pylist()
    return rows


def test_a_label_stands_against_two_models_that_agree_on_something_else(built):
    version, asked = built
    rows = table(version, "attributes")
    labels = {
        row["person_key"]: row["value"] for row in rows if row["attribute_source"] == LABELS and row["key"] == KEY
    }
    assert {TOLD, "masculine"} == set(labels.values())
    told = Counter(row["attribute_source"] for row in rows if row["key"] == KEY and row["value"] == TOLD)
    assert told["mllm:seer@1"] == told["mllm:liar@1"] == asked["seer"] // 2  # kept apart, and kept
    assert {row["key"] for row in rows if row["attribute_source"] == "merged"} == {"glasses"}
    people = version.table("person_images")
    records = resolve(people, version.table("attributes"))
    for row, person in enumerate(people["person_key"].to_pylist()):
        assert person not in labels or records.record(row)[KEY] == labels[person]


def test_a_caption_that_a_label_speaks_against_is_a_reject(built):
    version, _ = built
    people = {row["image_id"]: row["person_key"] for row in table(version, "person_images")}
    rows = table(version, "attributes")
    women = {row["person_key"] for row in rows if row["attribute_source"] == LABELS and row["value"] == TOLD}
    kept = [row for row in table(version, "captions") if row["caption_source"].startswith("mllm:")]
    assert kept
    assert all(people[row["image_id"]] not in women for row in kept)
    refused = [row for row in table(version, "rejects") if row["reason"] == "disagrees"]
    assert women <= {people[row["subject"].partition("#")[0]] for row in refused}


def test_a_small_model_takes_captions_apart_into_claims_that_are_tied_to_keys(built):
    version, _ = built
    claims = [row for row in table(version, "statements") if row["kind"] == "claims"]
    captions = {row["caption_id"] for row in table(version, "captions")}
    assert {row["text"]: (row["key"], row["value"]) for row in claims} == CLAIMS
    assert {row["statement_source"] for row in claims} == {"mllm:small"}
    assert {row["caption_id"] for row in claims} <= captions
    assert len(claims) == len(CLAIMS) * len({row["caption_id"] for row in claims}) > 0


def test_words_of_a_small_model_that_lose_or_add_facts_are_rejects(built):
    version, asked = built
    reasons = Counter(row["reason"] for row in table(version, "rejects") if "#rewording" in row["subject"])
    assert reasons.total() == asked["small"] // 2
    assert set(reasons) <= {"facts_added", "facts_lost", "disagrees", "colour"}
