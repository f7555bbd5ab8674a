"""Ingest of every drawn layout with files that cannot be used among its images: each is one reject, the rest stays."""

import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from generators.raw_names import claims_image
from generators.raw_tree import FolderTree
from generators.sample.write import layouts
from schemas.errors import BadRawData
from schemas.source import SAMPLE_MARK
from tasks.steps.ingest import ingest

DRAWN = sorted(layouts())
SPOILT = {"empty": b"", "not_an_image": b"<html>403</html>", "truncated": None, "unreadable": None}


@pytest.mark.parametrize("name", DRAWN)
def test_empty_cut_foreign_and_unreadable_images_are_rejects_and_nothing_else_is_lost(
    every_raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root = tmp_path / "raw" / layouts()[name].folder
    shutil.copytree(every_raw / root.name, root)
    shutil.copyfile(every_raw / SAMPLE_MARK, tmp_path / "raw" / SAMPLE_MARK)
    before = ingest(tmp_path / "before", name, tmp_path / "raw").facts
    stored = pq.read_table(
        next((tmp_path / "before").rglob("person_images.parquet")), columns=["relpath", "split", "role_flag"]
    ).to_pylist()
    chosen = [row["relpath"] for row in stored][:: max(1, len(stored) // 4)][:4]
    for relpath, data in zip(chosen, SPOILT.values(), strict=True):
        whole = (root / relpath).read_bytes()
        (root / relpath).write_bytes(whole[: len(whole) // 3] if data is None else data)
    read = FolderTree.read

    def locked(tree: FolderTree, relpath: str, limit: int = 1 << 28) -> bytes:
        if relpath == chosen[3]:
            raise BadRawData(f"The file {relpath!r} cannot be read (Permission denied).")
        return read(tree, relpath, limit)

    monkeypatch.setattr(FolderTree, "read", locked)
    after = ingest(tmp_path / "after", name, tmp_path / "raw")
    assert after.facts["counts"]["images"] == before["counts"]["images"] - 4
    rejects = pq.read_table(after.folder / "rejects.parquet").to_pylist()
    found = {row["subject"]: row["reason"] for row in rejects if row["table"] == "images"}
    assert [found[f"{name}/{relpath}"] for relpath in chosen] == list(SPOILT)
    known = Counter(row["reason"] for row in rejects if row["table"] == "images")
    assert (
        known.total()
        == before["reject_reasons"].get("truncated", 0) + before["reject_reasons"].get("not_an_image", 0) + 4
    )


def test_every_layout_that_can_be_drawn_was_spoilt() -> None:
    assert len(DRAWN) >= 19
    assert all(any(claims_image(shot.relpath) for shot in layouts()[name].shots("tiny", 7)) for name in DRAWN)
