"""Exports: every form holds the same samples, shows the right pictures, and loads in plain `datasets`."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from PIL import Image
from versions_toy import FAMILIES, conversation_row, crop, toy

from schemas.answers import markers
from schemas.discovery import names
from schemas.errors import BadTable, NotWritable, UnknownName, UnknownVersion, WrongUse
from schemas.tables import TABLES
from tasks.steps import export as exporting
from tasks.steps.export import PACKAGE, export
from tasks.versions.exporting import IMAGE_TAG, samples_of, with_tags
from tasks.versions.pictures import StoredPictures
from tasks.versions.reader import VersionFolder
from tasks.versions.writer import from_rows

FORMS = ("llama-factory", "ms-swift", "parquet", "qwen-vl", "trl", "webdataset")
JSONL = tuple(form for form in FORMS if form not in {"parquet", "webdataset"})


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("export")
    families = {**FAMILIES, "I2I_PICK1": {"stage": 2, "rows": {"train": 7}}}
    return toy(base / "store", families).publish(base / "remote").folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "stage2-train.jsonl").read_text().splitlines()]


def said(line: dict[str, Any]) -> list[tuple[str, str]]:
    """(role, text with tags) of any JSONL form."""
    if "conversations" in line:
        roles = {"human": "user", "gpt": "assistant"}
        return [(roles[turn["from"]], turn["value"]) for turn in line["conversations"]]
    return [(turn["role"], _text(turn["content"])) for turn in line["messages"]]


def _text(content: str | list[dict[str, str]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(IMAGE_TAG if block["type"] == "image" else block["text"] for block in content)


def shown(line: dict[str, Any]) -> list[str]:
    found: list[str] = line["image"] if "image" in line else line["images"]
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_these_forms_are_found() -> None:
    assert tuple(name.replace("_", "-") for name in names(PACKAGE)) == FORMS


@pytest.mark.parametrize("form", JSONL)
def test_rows_turns_and_pictures_are_those_of_the_version(form: str, version: Path, tmp_path: Path) -> None:
    out = export(version, 2, form, tmp_path / "out")
    rows = VersionFolder(version).conversations(2, "train").to_pylist()
    found = lines(out)
    assert [line["sample_id"] for line in found] == [row["sample_id"] for row in rows]
    assert len(rows) == 13
    for line, row in zip(found, rows, strict=True):
        assert said(line) == [(turn["role"], with_tags(turn["text"])) for turn in row["turns"]]
        stored = VersionFolder(version).image_bytes([ref["image_id"] for ref in row["images"]])
        assert [(out / name).read_bytes() for name in shown(line)] == stored


@pytest.mark.parametrize("form", JSONL)
def test_tags_match_pictures_in_user_turns_and_never_stand_in_answers(form: str, version: Path, tmp_path: Path) -> None:
    for line in lines(export(version, 2, form, tmp_path / "out")):
        turns = said(line)
        assert sum(text.count(IMAGE_TAG) for role, text in turns if role == "user") == len(shown(line))
        assert not [text for role, text in turns if role == "assistant" and IMAGE_TAG in text]
        assert [role for role, _ in turns] == ["user", "assistant"]
        assert not markers(str(line))


@pytest.mark.parametrize("form", JSONL)
def test_jsonl_forms_load_in_plain_datasets(form: str, version: Path, tmp_path: Path) -> None:
    out = export(version, 2, form, tmp_path / "out")
    loaded = datasets.load_dataset("json", data_files=str(out / "stage2-train.jsonl"), split="train")
    assert loaded.num_rows == 13
    assert "null" not in str(loaded.features)


def test_trl_blocks_have_a_type_and_a_text_and_nothing_that_is_null(version: Path, tmp_path: Path) -> None:
    out = export(version, 2, "trl", tmp_path / "out")
    loaded = datasets.load_dataset("json", data_files=str(out / "stage2-train.jsonl"), split="train")
    for message in (message for row in loaded["messages"] for message in row):
        for block in message["content"]:
            assert set(block) == {"type", "text"}
            assert None not in block.values()
    kinds = [block["type"] for block in loaded[0]["messages"][0]["content"]]
    assert kinds == ["text", "image", "text", "image", "text"]


def test_the_trl_readme_is_true(version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(export(version, 2, "trl", tmp_path / "out"))
    rows = datasets.load_dataset("json", data_files="stage2-train.jsonl", split="train")
    rows = rows.cast_column("images", datasets.List(datasets.Image()))
    assert [picture.size for picture in rows[0]["images"]] == [(16, 32)] * 2
    assert 'cast_column("images", List(Image()))' in Path("README.md").read_text()


def test_the_parquet_form_holds_the_pictures_themselves(version: Path, tmp_path: Path) -> None:
    out = export(version, 2, "parquet", tmp_path / "out")
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "stage2-train.parquet"]
    loaded = datasets.load_dataset("parquet", data_files=str(out / "stage2-train.parquet"), split="train")
    assert loaded.features["images"] == datasets.List(datasets.Image())
    rows = VersionFolder(version).conversations(2, "train").to_pylist()
    assert loaded["sample_id"] == [row["sample_id"] for row in rows]
    assert loaded["answer"] == [row["answer"]["text"] for row in rows]
    assert (set(loaded["min_pixels"]), set(loaded["max_pixels"])) == ({50176}, {100352})
    raw = loaded.cast_column("images", datasets.List(datasets.Image(decode=False)))
    for row, line in zip(rows, raw, strict=True):
        ids = [ref["image_id"] for ref in row["images"]]
        assert [picture["bytes"] for picture in line["images"]] == VersionFolder(version).image_bytes(ids)
        assert line["messages"][0]["content"].count(IMAGE_TAG) == len(ids)
    assert Image.open(io.BytesIO(raw[0]["images"][0]["bytes"])).size == (16, 32)


def test_the_files_of_a_sample_follow_each_other_in_shards(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.versions.exports.webdataset._SAMPLES_PER_SHARD", 5)
    out = export(version, 2, "webdataset", tmp_path / "out")
    shards = sorted(out.glob("stage2-train-*.tar"))
    assert [shard.name[-10:-4] for shard in shards] == ["000000", "000001", "000002"]
    members = [member for shard in shards for member in _members(shard)]
    rows = VersionFolder(version).conversations(2, "train").to_pylist()
    keys = list(dict.fromkeys(name.partition(".")[0] for name, _ in members))
    assert keys == [f"{number:08d}" for number in range(len(rows))]
    samples = [[(name, data) for name, data in members if name.startswith(key)] for key in keys]
    assert [pair for sample in samples for pair in sample] == members
    for sample, row in zip(samples, rows, strict=True):
        said = json.loads(sample[0][1])
        stored = VersionFolder(version).image_bytes([ref["image_id"] for ref in row["images"]])
        assert (said["sample_id"], said["answer"]) == (row["sample_id"], row["answer"]["text"])
        assert (said["min_pixels"], said["max_pixels"]) == (50176, 100352)
        assert [data for _, data in sample[1:]] == stored
        fields = [name.split(".")[1] for name, _ in sample]
        assert fields == ["json", *(f"image{number}" for number in range(1, len(stored) + 1))]


def _members(shard: Path) -> list[tuple[str, bytes]]:
    with tarfile.open(shard) as tar:
        opened = [(member, tar.extractfile(member)) for member in tar]
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m, _ in opened} == {(0, 0, 0, "", "", 0o644)}
        return [(member.name, file.read()) for member, file in opened if file]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "ms-swift"])
def test_a_form_whose_trainer_reads_no_pixels_from_rows_names_them_in_its_readme(
    form: str, version: Path, tmp_path: Path
) -> None:
    said = (export(version, 2, form, tmp_path / "out") / "README.md").read_text()
    assert "`min_pixels=50176` and `max_pixels=100352`" in said


def test_llama_factory_finds_the_rows_through_its_registry(version: Path, tmp_path: Path) -> None:
    out = export(version, 2, "llama-factory", tmp_path / "out")
    entry = json.loads((out / "dataset_info.json").read_bytes())["stage2_train"]
    first = lines(out)[0]
    assert (out / entry["file_name"]).is_file()
    assert set(entry["columns"].values()) <= set(first)
    assert entry["tags"]["user_tag"] == first["messages"][0][entry["tags"]["role_tag"]]


def test_ms_swift_rows_carry_channel_pixels_and_solution(version: Path, tmp_path: Path) -> None:
    line = lines(export(version, 2, "ms-swift", tmp_path / "out"))[0]
    assert line["channel"] == "I2I_PICK1"
    assert line["chat_template_kwargs"] == {"min_pixels": 50176, "max_pixels": 100352}
    assert line["solution"] == line["messages"][-1]["content"]


@pytest.mark.parametrize("form", FORMS)
def test_exporting_twice_gives_the_same_bytes(form: str, version: Path, tmp_path: Path) -> None:
    first, second = (contents(export(version, 2, form, tmp_path / name)) for name in ("a", "b"))
    assert first == second


def test_a_limit_keeps_that_many_samples_of_all_families_in_their_order(version: Path, tmp_path: Path) -> None:
    whole = [line["sample_id"] for line in lines(export(version, 2, "qwen-vl", tmp_path / "whole"))]
    some = [line["sample_id"] for line in lines(export(version, 2, "qwen-vl", tmp_path / "some", limit=8))]
    assert len(some) == 8
    assert [sample for sample in whole if sample in set(some)] == some
    assert {sample.split("-")[0] for sample in some} == {"I2I_PICK1", "SAME_YN"}


@pytest.mark.parametrize("limit", [None, 8])
@pytest.mark.parametrize("form", FORMS)
def test_rows_that_come_in_many_blocks_give_the_same_bytes(
    form: str, limit: int | None, version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(export(version, 2, form, tmp_path / "whole", limit=limit))
    monkeypatch.setattr("tasks.versions.reader._BLOCK", 3)
    assert contents(export(version, 2, form, tmp_path / "blocks", limit=limit)) == whole


@pytest.mark.parametrize("form", FORMS)
def test_few_samples_have_the_bytes_that_they_have_among_many(
    form: str, version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = contents(export(version, 2, form, tmp_path / "few", limit=8))
    monkeypatch.setattr(exporting, "_FEW", 7)
    assert contents(export(version, 2, form, tmp_path / "many", limit=8)) == few


def test_few_samples_are_exported_without_an_index_of_all_pictures(
    version: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    plain = StoredPictures.__init__
    monkeypatch.setattr(
        StoredPictures,
        "__init__",
        lambda self, shards, among=None: (asked.append(among and len(among)), plain(self, shards, among))[1],
    )
    out = export(version, 2, "trl", tmp_path / "out", limit=2)
    assert asked == [len({name for line in lines(out) for name in shown(line)})]


def test_a_picture_is_read_when_it_is_written_and_not_before(version: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    plain = VersionFolder.each_image
    monkeypatch.setattr(VersionFolder, "each_image", lambda self, ids: (read.extend(ids), plain(self, ids))[1])
    folder = VersionFolder(version)
    first, second, *_ = exporting._samples(folder, 2, "train", None)
    assert read == []
    assert [first.pictures[0].read(), second.pictures[1].read()] == folder.image_bytes(
        [first.pictures[0].image_id, second.pictures[1].image_id]
    )


def test_an_image_that_the_version_lost_stops_the_export(version: Path, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    shutil.copytree(version, lacking)
    for path in VersionFolder(lacking).files("images")[1:]:
        path.unlink()
    with pytest.raises(BadTable, match=r"The image '.*' is not in the images table"):
        export(lacking, 2, "trl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_wrong_wishes_are_answered_in_one_sentence(version: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'llama_factory'"):
        export(version, 2, "llama-factry", tmp_path / "out")
    with pytest.raises(UnknownVersion, match=r"no rows in stage 3, split 'train'\. It has: stage 1 train"):
        export(version, 3, "trl", tmp_path / "out")
    with pytest.raises(UnknownVersion, match="is not a version"):
        export(tmp_path, 2, "trl", tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(WrongUse, match="export into a new folder"):
        export(version, 2, "trl", tmp_path / "full")
    with pytest.raises(NotWritable, match="Export to a place"):
        export(version, 2, "trl", tmp_path / "full" / "x" / "out")
    assert not (tmp_path / "out").exists()


def _turns(*turns: tuple[str, str]) -> Callable[[dict[str, Any]], None]:
    return lambda row: row.update(turns=[{"role": role, "text": text} for role, text in turns])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_turns(("user", "[[image:1]] ?"), ("assistant", "[[image:2]]")), "an answer shows an image"),
        (_turns(("user", "an <image> of?"), ("assistant", "Yes")), "which trainers take for an image"),
        (_turns(("user", "[[image:3]]?"), ("assistant", "Yes")), "shows image 3 of 2"),
        (_turns(("assistant", "Yes")), "not user and assistant in turn"),
        (_turns(("user", "?"), ("user", "?"), ("assistant", "Yes")), "not user and assistant in turn"),
        (_turns(), "not user and assistant in turn"),
    ],
)
def test_a_sample_that_a_trainer_could_not_read_is_named(change: Callable[[Any], None], words: str) -> None:
    row = conversation_row("SAME_YN", 2, "train", 0)
    change(row)
    with pytest.raises(BadTable, match=f"'SAME_YN-train-0000' cannot be exported: .*{words}"):
        list(samples_of(from_rows(TABLES["conversations"], [row]), {}))


def test_pictures_follow_the_order_of_the_markers_even_when_it_is_not_that_of_the_list() -> None:
    from tasks.versions.exporting import Picture

    row = conversation_row("SAME_YN", 2, "train", 0)
    _turns(("user", "[[image:2]] or [[image:1]] or [[image:2]]"), ("assistant", "Yes"))(row)
    pictures = {ref["image_id"]: Picture(ref["image_id"], ref["image_id"], lambda: crop(0)) for ref in row["images"]}
    [sample] = samples_of(from_rows(TABLES["conversations"], [row]), pictures)
    first, second = (ref["image_id"] for ref in row["images"])
    assert [picture.image_id for picture in sample.pictures] == [second, first, second]
