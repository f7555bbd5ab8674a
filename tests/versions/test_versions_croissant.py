"""Croissant metadata: valid by the reference library, and its records can be read."""

import itertools
import warnings
from pathlib import Path
from typing import Any

import pytest
from versions_toy import toy

from tasks.versions.reader import VersionFolder


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[VersionFolder, Any]:
    base = tmp_path_factory.mktemp("shelf")
    folder = toy(base / "store").publish(base / "remote").folder
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlcroissant

        return VersionFolder(folder), mlcroissant.Dataset(jsonld=folder / "croissant.json")


def records(dataset: Any, name: str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(itertools.islice(dataset.records(record_set=name), 100))


def test_the_reference_library_finds_no_error(loaded: tuple[VersionFolder, Any]) -> None:
    metadata = loaded[1].metadata
    assert not metadata.issues.errors
    assert {found.id for found in metadata.record_sets} == {
        "images",
        "person_images",
        "captions",
        "rejects",
        "stage1",
        "stage2",
        "stage3",
    }
    assert (metadata.name, str(metadata.version)) == ("toy", "0.1.0")


def test_pictures_and_conversations_can_be_iterated(loaded: tuple[VersionFolder, Any]) -> None:
    version, dataset = loaded
    pictures = records(dataset, "images")
    assert len(pictures) == len(version.image_ids)
    assert pictures[0]["images/image"].size == (16, 32)
    row = records(dataset, "stage2")[0]
    assert row["stage2/turns.role"] == [b"user", b"assistant"]
    assert len(row["stage2/images.image_id"]) == 2


def test_every_column_of_a_filled_table_is_described(loaded: tuple[VersionFolder, Any]) -> None:
    version, dataset = loaded
    described = {field.name.split(".")[0] for found in dataset.metadata.record_sets for field in found.fields}
    for table in ("images", "person_images", "captions"):
        assert set(version.table(table).column_names) <= described


def test_metadata_names_no_folder_of_the_machine(loaded: tuple[VersionFolder, Any]) -> None:
    text = (loaded[0].folder / "croissant.json").read_text()
    assert str(Path(loaded[0].folder).parent) not in text
