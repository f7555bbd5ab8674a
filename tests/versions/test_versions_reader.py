"""Reading a version folder: tables in their promised types, pictures by id, and faults by name."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from versions_toy import SOURCES, crop, toy

from schemas.errors import BadTable, FormatTooNew, UnknownVersion
from schemas.tables import TABLES
from tasks.versions.reader import VersionFolder


@pytest.fixture
def version(tmp_path: Path) -> VersionFolder:
    return VersionFolder(toy(tmp_path / "store").publish(tmp_path / "remote").folder)


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"results"}))
def test_every_table_comes_in_the_schema_of_its_promise(name: str, version: VersionFolder) -> None:
    assert version.table(name).schema.equals(TABLES[name].schema, check_metadata=False)
    first = list(reversed(TABLES[name].schema.names[:2]))
    assert version.table(name, first).column_names == first


def test_a_table_that_is_not_there_is_empty(version: VersionFolder) -> None:
    assert not version.has("results")
    assert version.table("results").schema.equals(TABLES["results"].schema)


def test_pictures_come_in_the_order_asked_and_as_often(version: VersionFolder) -> None:
    ids = [f"{SOURCES[1]}/0003.jpg", f"{SOURCES[0]}/0001.jpg", f"{SOURCES[1]}/0003.jpg"]
    assert version.image_bytes(ids) == [crop(3), crop(1), crop(3)]
    assert version.image_bytes([]) == []
    assert len(version.image_ids) == 12


def test_an_unknown_picture_is_named(version: VersionFolder) -> None:
    with pytest.raises(BadTable, match=r"'market1501/9999\.jpg' is not in the images table"):
        version.image_bytes(["market1501/0000.jpg", "market1501/9999.jpg"])


def test_a_folder_that_is_no_version_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UnknownVersion, match="no data/ folder"):
        VersionFolder(tmp_path)
    (tmp_path / "data").mkdir()
    with pytest.raises(UnknownVersion, match=r"no manifest\.json"):
        _ = VersionFolder(tmp_path).manifest


def test_a_file_that_cannot_be_read_as_its_table_is_named(version: VersionFolder) -> None:
    path = version.files("captions")[0]
    whole = pq.read_table(path)
    for harm in (b"not parquet", b"", path.read_bytes()[:200]):
        path.write_bytes(harm)
        with pytest.raises(BadTable, match=f"captions/{path.name}"):
            version.table("captions")
    pq.write_table(whole.drop_columns(["text"]), path)
    with pytest.raises(BadTable, match=f"captions/{path.name}.*text"):
        version.table("captions")
    pq.write_table(whole.set_column(0, "caption_id", whole.column("flags")), path)
    with pytest.raises(BadTable, match=f"captions/{path.name}"):
        version.table("captions")


def test_a_file_of_a_newer_format_is_refused_with_the_remedy(version: VersionFolder) -> None:
    (path,) = [one for one in version.files("captions") if one.name.startswith(SOURCES[0])]
    newer = {b"reidforge": b'{"format_version": 2, "table": "captions"}'}
    table = pq.read_table(path, partitioning=None).replace_schema_metadata(newer)
    path.unlink()
    pq.write_table(table, path)
    with pytest.raises(FormatTooNew, match=r"captions/.* has format 2; .* Run `pip install --upgrade reidforge`"):
        version.table("captions")
