"""The written folders: layouts, determinism, refusals."""

from pathlib import Path

import pytest

from generators.sample import truth, write_sample
from schemas.errors import UnknownName, WrongUse


def test_every_file_of_the_truth_is_written_once(tmp_path: Path) -> None:
    counts = write_sample(tmp_path, "tiny")
    rows = list(truth("tiny"))
    paths = [(row.source, row.relpath) for row in rows]
    assert len(set(paths)) == len(paths) == sum(counts.values())
    assert sorted(counts) == ["cuhk_pedes", "ltcc", "market1501", "sysu_mm01"]


def test_unknown_size_and_source_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'tiny'"):
        write_sample(tmp_path, "tny")
    with pytest.raises(UnknownName, match="Did you mean 'market1501'"):
        write_sample(tmp_path, "tiny", sources=["market"])


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_bytes(b"")
    with pytest.raises(WrongUse, match=r"thesis\.docx"):
        write_sample(tmp_path, "tiny")
