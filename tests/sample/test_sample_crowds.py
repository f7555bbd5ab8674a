"""The layouts of attribute and caption sources: every label that is read is what was drawn, refusals are planned."""

from collections import Counter
from pathlib import Path

import pytest

from generators.raw_tree import FolderTree, find_root
from generators.sample import write_sample
from generators.sample.layout import Layout
from generators.sample.write import layouts
from schemas.discovery import find
from schemas.rows import Attribute, Caption, PersonImage, Reject
from schemas.source import Source

# Images, refusals by reason.
READ = {
    "pa100k": (26, {"missing_file": 1}),
    "peta": (20, {}),
    "rap": (21, {"missing_file": 1, "contradiction": 1}),
    "luperson_mllm": (16, {"missing_file": 1}),
    "mals": (16, {"missing_file": 1}),
    "synth_pedes": (15, {"missing_file": 1, "contradiction": 1, "empty": 1}),
}
REALLY = {"pa100k": 100_000, "peta": 19_000, "rap": 41_585, "luperson_mllm": 1_000_000, "mals": 1_510_330,
          "synth_pedes": 4_791_711}  # fmt: skip


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("crowds")
    write_sample(out, "tiny", sources=sorted(READ))
    return out


def opened(raw: Path, name: str) -> tuple[Source, FolderTree]:
    source: Source = find("generators.sources", "SOURCE", name)
    return source, FolderTree(find_root(name, source, raw))


@pytest.mark.parametrize("name", READ)
def test_a_drawn_folder_is_read_whole_and_refusals_are_the_planned_ones(name: str, raw: Path) -> None:
    source, tree = opened(raw, name)
    rows = [*source.read(tree), *source.captions(tree), *source.attributes(tree)]
    images, reasons = READ[name]
    assert sum(isinstance(row, PersonImage) for row in rows) == images
    assert Counter(row.reason for row in rows if isinstance(row, Reject)) == reasons


@pytest.mark.parametrize("name", ["pa100k", "peta", "rap", "mals", "synth_pedes"])
def test_no_label_that_is_read_contradicts_the_drawn_person(name: str, raw: Path) -> None:
    source, tree = opened(raw, name)
    layout: Layout = layouts([name])[name]
    true = {f"{name}/{shot.relpath}": layout.attributes(7, shot) for shot in layout.shots("tiny", 7)}
    rows = [row for row in source.attributes(tree) if isinstance(row, Attribute)]
    known = [(row, true[row.image_id or ""].get(row.key)) for row in rows]
    compared = [(row, value) for row, value in known if value is not None]
    assert len(compared) > 60
    ages = {("child", "teenager|adult")}  # no label says both younger than sixteen and older than that
    wrong = [(row.key, row.value, value) for row, value in compared if value not in row.value.split("|")]
    assert [one for one in wrong if (one[2], one[1]) not in ages] == []


@pytest.mark.parametrize("name", READ)
def test_even_the_official_size_is_smaller_than_the_real_one_and_the_layout_says_so(name: str) -> None:
    layout: Layout = layouts([name])[name]
    assert layout.really == REALLY[name]
    assert len(layout.shots("official", 7)) < REALLY[name]


def test_people_of_one_crowd_are_sometimes_in_two_pictures_and_never_in_two_splits() -> None:
    for name in ("pa100k", "peta", "rap"):
        shots = layouts([name])[name].shots("demo", 7)
        splits: dict[int, set[str]] = {}
        for shot in shots:
            splits.setdefault(shot.person, set()).add(shot.split)
        assert len(splits) < 0.9 * len(shots)
        assert all(len(found) == 1 for found in splits.values())


def test_leftovers_of_prompts_in_captions_are_flagged(raw: Path) -> None:
    source, tree = opened(raw, "luperson_mllm")
    captions = [row for row in source.captions(tree) if isinstance(row, Caption)]
    assert 0 < sum(not row.valid for row in captions) < len(captions) / 4
    assert {row.caption_source for row in captions} == {"mllm:qwen", "mllm:shikra"}
