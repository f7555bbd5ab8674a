"""The written folders: complete, the same for any worker count, and never among other people's files."""

import hashlib
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from generators.sample import truth, write, write_sample
from schemas.errors import UnknownName, WrongUse
from schemas.vocabulary import is_valid


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "raw"
    write_sample(out, "tiny", sources=list(_FOLDERS))
    return out


_FOLDERS = {
    "market1501": "Market-1501-v15.09.15",
    "ltcc": "LTCC_ReID",
    "sysu_mm01": "SYSU-MM01",
    "cuhk_pedes": "CUHK-PEDES",
}


def _digests(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_file_of_the_truth_is_written_and_decodes_unless_damaged_on_purpose(tiny: Path) -> None:
    checked = damaged = 0
    for row in truth("tiny", sources=list(_FOLDERS)):
        data = (tiny / _FOLDERS[row.source] / row.relpath).read_bytes()
        if row.damage:
            damaged += 1
            continue
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.mode == "RGB"
        checked += 1
    assert (checked, damaged) == (311, 2)


def test_folder_listing_equals_the_truth(tiny: Path) -> None:
    suffixes = {".jpg", ".png"}
    found = {p.relative_to(tiny).as_posix() for p in tiny.rglob("*") if p.suffix in suffixes}
    assert found == {f"{_FOLDERS[row.source]}/{row.relpath}" for row in truth("tiny", sources=list(_FOLDERS))}


def test_a_second_run_with_more_workers_gives_the_same_bytes(tiny: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", workers=2, sources=["market1501", "ltcc"])
    again = _digests(tmp_path)
    assert len(again) > 150
    assert again.items() <= _digests(tiny).items()


def test_another_seed_gives_other_people(tiny: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", seed=8, sources=["cuhk_pedes"])
    other, first = _digests(tmp_path), _digests(tiny)
    pictures = [name for name in other if name.endswith(".jpg") and name in first]
    assert all(other[name] != first[name] for name in pictures)


def test_attributes_stay_in_the_closed_vocabulary() -> None:
    values = {(key, value) for row in truth("tiny", sources=list(_FOLDERS)) for key, value in row.attributes.items()}
    assert len(values) > 60
    assert [pair for pair in sorted(values) if not is_valid(*pair)] == []


def test_unknown_size_and_source_are_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'tiny'"):
        write_sample(tmp_path, "tny")
    with pytest.raises(UnknownName, match="Did you mean 'market1501'"):
        write_sample(tmp_path, "tiny", sources=["market"])


def test_a_real_dataset_of_the_same_name_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "Market-1501-v15.09.15").mkdir()
    with pytest.raises(WrongUse, match=r"already holds 'Market-1501-v15\.09\.15' and no earlier sample"):
        write_sample(tmp_path, "tiny")


def test_another_sample_in_the_folder_is_refused(tmp_path: Path) -> None:
    write_sample(tmp_path, "tiny", sources=["cuhk_pedes"])
    write_sample(tmp_path, "tiny", sources=["cuhk_pedes"])
    with pytest.raises(WrongUse, match="'tiny' sample of seed 7, and 'tiny' of seed 8"):
        write_sample(tmp_path, "tiny", seed=8)


def test_the_mark_says_what_the_folder_is(tiny: Path) -> None:
    assert json.loads((tiny / "SAMPLE.json").read_text()) == {"made by": "reidforge sample", "seed": 7, "size": "tiny"}


def test_no_file_of_the_sample_says_when_or_where_it_was_written(tiny: Path) -> None:
    head = (tiny / "Market-1501-v15.09.15" / "market_attribute.mat").read_bytes()[:116]
    assert head.strip() == b"MATLAB 5.0 MAT-file, synthetic sample"


@pytest.mark.parametrize("workers", [1, 2])
def test_somebody_who_watches_is_told_of_every_chunk_of_every_source(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "_CHUNK", 30)
    told: list[tuple[int, int, str]] = []
    write_sample(tmp_path, "tiny", 7, ["cuhk_pedes", "ltcc"], workers, lambda *said: told.append(said))
    assert told == [
        (30, 31, "pictures"), (31, 31, "pictures"), (30, 74, "pictures"), (60, 74, "pictures"), (74, 74, "pictures"),
    ]  # fmt: skip
