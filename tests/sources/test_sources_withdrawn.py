"""DukeMTMC-reID and Occluded-Duke: recognised, refused, and read only under a reason that stays with the data."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from sources_toy import ToyTree, read_toy

from generators.sample import write_sample
from generators.sample.write import layouts
from generators.sources import dukemtmc, occluded_duke
from schemas.errors import BadRecipe, Withdrawn, WrongUse
from schemas.recipe import SourceChoice, load_recipe
from schemas.rows import Attribute, Reject
from schemas.vocabulary import is_valid
from tasks.checking.toy import toy_rows, toy_staged
from tasks.gates import licence
from tasks.steps.ingest import ingest
from tasks.steps.link import link

REASON = "Ann Example, ethics board 12/2026: comparison with published numbers."
FIELDS = (
    "gender", "top", "boots", "hat", "backpack", "bag", "handbag", "shoes", "upblack", "upwhite", "upred", "uppurple",
    "upgray", "upblue", "upgreen", "upbrown", "downblack", "downwhite", "downred", "downgray", "downblue", "downgreen",
    "downbrown",
)  # fmt: skip
ONES = {
    "gender_presentation": "masculine", "headwear": "none", "backpack": "no", "shoulder_bag": "no", "hand_bag": "no",
}  # fmt: skip
TWOS = {
    "gender_presentation": "feminine", "backpack": "yes", "shoulder_bag": "yes", "hand_bag": "yes",
    "footwear_type": "boots", "upper_color_primary": "grey", "lower_color_primary": "brown",
}  # fmt: skip
SOURCES = {"dukemtmc": dukemtmc.SOURCE, "occluded_duke": occluded_duke.SOURCE}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the layout that does not say of itself that its people were drawn."""
    out = tmp_path_factory.mktemp("withdrawn")
    write_sample(out / "drawn", "tiny", sources=["dukemtmc"])
    (out / "drawn" / "DukeMTMC-reID").rename(out / "DukeMTMC-reID")
    return out


@given(
    pid=st.integers(0, 9999),
    camera=st.integers(1, 8),
    frame=st.integers(0, 9_999_999),
    folder=st.sampled_from(["bounding_box_train", "bounding_box_test", "query"]),
)
def test_a_name_gives_back_its_parts_and_a_derivative_names_the_original(
    pid: int, camera: int, frame: int, folder: str
) -> None:
    name = f"{pid:04d}_c{camera}_f{frame:07d}.jpg"
    for source_name, source in SOURCES.items():
        images, refused = read_toy(source, f"{folder}/{name}")
        (row,) = images.values()
        assert refused == []
        assert (row.person_key, row.cam_key) == (f"{source_name}:{pid:04d}", f"{source_name}:c{camera}")
        assert row.frame == frame
        original = ("dukemtmc", name) if source_name == "occluded_duke" else (None, None)
        assert (row.overlap_source, row.overlap_key) == original


@pytest.mark.parametrize("name", ["0001_c9_f0046182.jpg", "-1_c1_f0046182.jpg", "0001_c1s1_000151_01.jpg"])
def test_a_name_of_another_dataset_is_refused(name: str) -> None:
    images, refused = read_toy(dukemtmc.SOURCE, f"query/{name}")
    assert (images, [row.reason for row in refused]) == ({}, ["bad_name"])


def attribute_file(persons: list[str], **changes: Any) -> bytes:
    """A duke_attribute.mat of some training persons: all ones, but for the columns given."""
    index = np.empty((1, len(persons)), dtype=object)
    index[0] = persons
    fields = {name: np.ones((1, len(persons)), np.uint8) for name in FIELDS}
    fields |= {name: np.array([value], np.uint8) for name, value in changes.items()}
    file = io.BytesIO()
    scipy.io.savemat(file, {"duke_attribute": {"train": {**fields, "image_index": index}}})
    return file.getvalue()


@pytest.mark.parametrize("name", SOURCES)
def test_the_labels_of_a_person_are_about_the_persons_of_whichever_of_the_two_is_read(name: str) -> None:
    twos = {field: [2] for field in FIELDS[:8]} | {"upgray": [2], "downbrown": [2]}
    for persons, changes, expected in (("0001", {}, ONES), ("0002", twos, TWOS)):
        data = attribute_file([persons], **changes)
        rows = list(SOURCES[name].attributes(ToyTree({"attribute/duke_attribute.mat": data, "readme.txt": b""})))
        assert {row.key: row.value for row in rows if isinstance(row, Attribute)} == expected
        assert len(rows) == len(expected)
        assert {(row.level, row.person_key) for row in rows} == {("person", f"{name}:{persons}")}
        assert all(is_valid(row.key, row.value) for row in rows)


def test_a_label_that_is_none_of_the_two_is_refused_and_so_is_a_column_that_counts_from_zero() -> None:
    data = attribute_file(["0001", "0002"], shoes=[2, 3], boots=[0, 1], upred=[2, 1], upblue=[2, 1])
    rows = list(dukemtmc.SOURCE.attributes(ToyTree({"duke_attribute.mat": data})))
    refused = {(row.source, row.reason, row.subject.partition("#")[2]) for row in rows if isinstance(row, Reject)}
    assert refused == {
        ("dukemtmc", "impossible_value", "train person 0002 shoes"),
        ("dukemtmc", "bad_base", "train.boots"),
        ("dukemtmc", "contradiction", "train person 0001"),
    }


def test_a_damaged_label_file_is_one_reject() -> None:
    (row,) = occluded_duke.SOURCE.attributes(ToyTree({"duke_attribute.mat": b"x"}))
    assert (row.source, row.reason) == ("occluded_duke", "damaged")


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("reason", [None, "", "   "])
def test_it_is_refused_in_one_sentence_that_says_why_and_what_to_do(
    raw: Path, tmp_path: Path, name: str, reason: str | None
) -> None:
    with pytest.raises(Withdrawn, match=r"withdrawn by its authors, because .* `accept_withdrawn`") as caught:
        ingest(tmp_path / "store", name, raw / "DukeMTMC-reID", accept_withdrawn=reason)
    assert isinstance(caught.value, WrongUse)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("name", SOURCES)
def test_with_a_reason_it_is_read_and_the_reason_stays_with_the_data(raw: Path, tmp_path: Path, name: str) -> None:
    step = ingest(tmp_path, name, raw / "DukeMTMC-reID", accept_withdrawn=f" {REASON} ")
    assert (step.facts["accepted_withdrawn"], step.facts["access_status"]) == (REASON, "withdrawn_accepted")
    persons = pq.read_table(step.folder / "person_images.parquet")
    assert set(persons.column("access_status").to_pylist()) == {"withdrawn_accepted"}
    assert set(persons.column("release_allowed").to_pylist()) == {False}
    labelled = pq.read_table(step.folder / "attributes.parquet").column("person_key").to_pylist()
    assert set(labelled) == set(persons.column("person_key").to_pylist())
    assert step.facts["counts"]["rejects"] == 0
    other = ingest(tmp_path, name, raw / "DukeMTMC-reID", accept_withdrawn="Another person, for another end.")
    assert other.digest != step.digest


def test_the_drawn_layout_is_nobodys_data_and_needs_no_reason(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", "tiny", sources=["dukemtmc"])
    step = ingest(tmp_path / "store", "dukemtmc", tmp_path / "raw")
    assert step.facts["access_status"] == "synthetic"
    assert "accepted_withdrawn" not in step.facts
    assert step.facts["counts"]["images"] == 42


def test_persons_of_the_derivative_are_linked_to_those_of_the_original(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", "tiny", sources=list(SOURCES))
    step = link(tmp_path / "store", [ingest(tmp_path / "store", name, tmp_path / "raw") for name in SOURCES])
    pairs = pq.read_table(step.folder / "identity_links.parquet", columns=["person_a", "person_b"]).to_pylist()
    found = {(pair["person_a"], pair["person_b"]) for pair in pairs}
    persons = {shot.pid_raw for shot in layouts(["occluded_duke"])["occluded_duke"].shots("tiny", 7)}
    assert found >= {(f"dukemtmc:{pid}", f"occluded_duke:{pid}") for pid in persons}


def test_a_source_that_is_not_withdrawn_has_the_same_output_whether_or_not_a_reason_is_given(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", "tiny", sources=["ltcc"])
    first = ingest(tmp_path / "store", "ltcc", tmp_path / "raw")
    assert ingest(tmp_path / "store", "ltcc", tmp_path / "raw", accept_withdrawn=REASON).digest == first.digest


def test_the_licence_gate_tells_withdrawn_from_accepted() -> None:
    parameters = {"refused_access": ["withdrawn"]}
    assert not licence.check(licence.GATE.bad(), parameters).passed
    assert licence.check(licence.GATE.good(), parameters).passed
    rows = toy_rows()
    rows["person_images"][0]["access_status"] = "withdrawn_accepted"
    found = licence.check(toy_staged(rows), parameters)
    assert (found.passed, found.summary) == (True, "1 images of withdrawn sources, used for a stated reason")


@pytest.mark.parametrize("reason", ["yes", "overridden", "", "          "])
def test_a_recipe_wants_a_reason_in_words(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: duke\nversion: 0.1.0\ntitle: t\nfamilies: {ATTR_QA: {stage: 1, rows: {train: 1}}}\n"
        f"sources: [{{name: dukemtmc, accept_withdrawn: {reason!r}}}]\n"
    )
    with pytest.raises(BadRecipe, match=r"sources\.0\.accept_withdrawn"):
        load_recipe(path)
    assert SourceChoice(name="dukemtmc", accept_withdrawn=REASON).accept_withdrawn == REASON
