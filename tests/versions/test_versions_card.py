"""The card: plain `datasets` loads every config offline, and the join that the card shows works as printed."""

import re
from dataclasses import replace
from pathlib import Path

import datasets
import pytest
import yaml
from versions_toy import toy

from generators.terms import TERMS, consent_of, papers_of
from schemas.discovery import find_all
from schemas.manifest import AskedEntry
from tasks.steps.pull import pull
from tasks.versions.assemble import assemble
from tasks.versions.card import render_card
from tasks.versions.reader import VersionFolder

NAMES = ["images", "person_images", "captions", "rejects", "stage1", "stage2", "stage3"]


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("card")
    return toy(base / "store").publish(base / "remote").folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()


def load(version: Path, config: str) -> datasets.DatasetDict:
    return datasets.load_dataset(str(version), config)


@pytest.mark.usefixtures("cache")
def test_every_config_loads_with_all_its_rows(version: Path) -> None:
    assert datasets.get_dataset_config_names(str(version)) == NAMES
    folder = VersionFolder(version)
    for name in NAMES:
        rows = {split: part.num_rows for split, part in load(version, name).items()}
        expected = {
            "stage1": {"train": 3},
            "stage2": {"train": 6, "test": 2},
            "stage3": {"test": 4},
        }.get(name) or {"train": folder.table(name).num_rows}
        assert rows == expected, name


@pytest.mark.usefixtures("cache")
def test_images_are_shown_as_images(version: Path) -> None:
    images = load(version, "images")["train"]
    assert isinstance(images.features["image"], datasets.Image)
    assert images[0]["image"].size == (16, 32)
    assert images.features["phash"].dtype == "uint64"


@pytest.mark.usefixtures("cache")
def test_plain_datasets_streams_a_stage(version: Path) -> None:
    rows = datasets.load_dataset(str(version), "stage2", split="train", streaming=True)
    assert len(list(rows)) == 6


@pytest.mark.usefixtures("cache")
def test_the_join_on_the_card_runs_as_printed(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pull(tmp_path, str(version), tmp_path / "toy")
    code = re.findall(r"```python\n(.*?)```", (version / "README.md").read_text(), re.DOTALL)
    assert len(code) == 1
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    exec(compile(code[0], "card", "exec"), scope)
    rows = VersionFolder(version).conversations(2, "train").to_pylist()
    samples = scope["samples"]
    assert isinstance(samples, datasets.Dataset)
    assert len(samples) == len(rows)
    pictures = samples[3]["pictures"]
    stored = VersionFolder(version).image_bytes([ref["image_id"] for ref in rows[3]["images"]])
    assert [picture.size for picture in pictures] == [(16, 32)] * 2
    assert len(stored) == len(pictures)
    assert "the same person?" in capsys.readouterr().out


def test_the_front_matter_is_yaml_that_names_every_split(version: Path) -> None:
    front = yaml.safe_load((version / "README.md").read_text().split("---\n")[1])
    stages = {each["config_name"]: each["data_files"] for each in front["configs"] if "stage" in each["config_name"]}
    assert [part["split"] for part in stages["stage2"]] == ["train", "test"]
    assert [part["split"] for part in stages["stage3"]] == ["test"]


def test_the_card_counts_what_is_there_and_names_what_is_empty(version: Path) -> None:
    card = (version / "README.md").read_text()
    assert "| 2, fine-grained image retrieval | `SAME_YN` | 6 | 0 | 2 |" in card
    assert "| `captions` | text about an image | 12 |" in card
    assert "without a config: attributes, identity_links, neighbours, protocols, protocol_members." in card
    assert "not Re-ID results" in card


def test_the_card_names_models_with_revisions_and_how_to_cite(tmp_path: Path) -> None:
    card = (toy(tmp_path / "store").publish(tmp_path / "remote").folder / "README.md").read_text()
    assert "| describe/market1501 | grammar@1 |" in card
    assert "> toy@0.1.0, made by ReIDForge from MARKET1501, SYSU_MM01." in card


def test_the_card_tells_consent_and_what_to_cite_of_every_source(tmp_path: Path) -> None:
    made = toy(tmp_path / "store")
    real = [
        replace(each, facts={**each.facts, "access_status": "signed", "release_allowed": False})
        for each in made.ingests
    ]
    card = str(assemble(made.recipe, made.staged, made.validated, real).contents["README.md"], "utf-8")
    assert "| SYSU_MM01 | Apache-2.0 | signed | no | given in writing, say its authors |" in card
    assert "| MARKET1501 | Apache-2.0 | signed | no | not known to us |" in card
    cite = card.split("## How to cite")[1]
    assert "- SYSU_MM01: Wu et al., ICCV 2017\n" in cite
    assert cite.index("- MARKET1501: Zheng et al., ICCV 2015") < cite.index("and this version by its name and number:")
    drawn = (made.publish(tmp_path / "remote").folder / "README.md").read_text()
    assert drawn.count("| nobody is shown: a program drew the people |") == 2
    assert "Wu et al." not in drawn


def test_terms_are_known_of_every_source_of_the_house_and_a_new_one_needs_none() -> None:
    names = {name for name, _ in find_all("generators.sources", "SOURCE")}
    assert len(names) >= 25
    assert TERMS.keys() <= names
    assert consent_of("a_new_one", "open") == "not known to us"
    assert papers_of("a_new_one", "open") is None
    assert "withdrew" in consent_of("dukemtmc", "withdrawn_accepted")


READER = {
    "model": "qwen",
    "revision": "r1",
    "backend": "openai_compatible",
    "kind": "caption",
    "prompts": ["witness/2"],
    "prompt_revision": "0a1b",
    "requests": 40,
    "answered": 38,
    "rejects": {"colour_on_infrared": 3, "refusal": 1},
    "prompt_tokens": 9000,
    "completion_tokens": 1200,
}
BY_RULE = {
    **READER,
    "model": "grammar",
    "backend": "grammar",
    "rejects": {},
    "prompt_tokens": 0,
    "completion_tokens": 0,
}


def asked(card: str) -> str:
    return card.split("## What was asked of models")[1].split("\n## ")[0]


def card_of(tmp_path: Path, accounts: list[dict[str, object]] | None) -> str:
    made = toy(tmp_path / "store")
    whole = assemble(made.recipe, made.staged, made.validated, [each.ingested for each in made.parts])
    entries = None if accounts is None else [AskedEntry.model_validate(account) for account in accounts]
    return render_card(replace(whole.facts, asked=entries))


def test_the_card_tells_prompts_requests_rejects_and_costs_of_every_model(tmp_path: Path) -> None:
    priced = {**READER, "cost": 0.0125, "currency": "EUR"}
    told = asked(card_of(tmp_path, [priced, {**priced, "kind": "attributes", "cost": 0.5}]))
    assert (
        "| qwen@r1 (openai_compatible) | caption | witness/2, `0a1b` | 40 | 38 | 4 (10.0%) | 9000, 1200 | 0.0125 EUR |"
        in told
    )
    assert "In all: 0.5125 EUR, by the price table" in told
    assert "by reason: colour_on_infrared 6, refusal 2." in told


def test_the_card_never_tells_a_cost_that_nobody_knows(tmp_path: Path) -> None:
    told = asked(card_of(tmp_path, [READER]))
    assert "| not priced |" in told
    assert "no price table" in told
    rules = asked(card_of(tmp_path, [BY_RULE]))
    assert "no tokens, no cost" in rules
    assert "No answer was rejected." in rules
    assert "staged before requests were counted" in asked(card_of(tmp_path, None))
    assert "Nothing was asked of a model" in asked(card_of(tmp_path, []))


def test_the_card_leads_to_the_page_that_lists_every_check(version: Path) -> None:
    (page,) = re.findall(r"\[report/checks.html\]\((.*?)\)", (version / "README.md").read_text())
    assert "<h1>Checks of toy 0.1.0</h1>" in (version / page).read_text()
