"""Archives that are refused as a whole: one sentence that names the member, and nothing is read or written."""

import os
import random
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archives_toy import (
    DEVICE,
    FORMS,
    GOOD,
    LINK,
    PIPE,
    archive_of,
    bomb,
    cut,
    encrypted,
    gzip_tail,
    long_header,
    named,
    overlapping,
    special,
    tar_entry,
    tar_with,
    twice,
    zip_entry,
    zip_with,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.archives import checks
from generators.archives.tree import Archive, ArchiveTree
from schemas.errors import BadRawData

Make = Callable[[Path], Path]

HOSTILE: list[tuple[str, Make, str]] = [
    ("../../evil.txt", named("../../evil.txt"), "leads out of the archive"),
    ("query/../../evil.txt", named("query/../../evil.txt"), "leads out of the archive"),
    ("/etc/evil.txt", named("/etc/evil.txt"), "has an absolute name"),
    ("C:/evil.txt", named("C:/evil.txt"), "has an absolute name"),
    ("..\\\\..\\\\evil.txt", named("..\\..\\evil.txt"), "leads out of the archive"),
    ("query\\\\1.jpg", named("query\\1.jpg"), "has a backslash"),
    ("images.zip", named("parts/images.zip"), "archive in the archive"),
    ("images.tar.gz", named("images.tar.gz"), "archive in the archive"),
    ("images.7Z", named("images.7Z"), "archive in the archive"),
    ("query/1.jpg", twice("query/1.jpg", "query/1.jpg"), "is there twice"),
    ("query/1.jpg", twice("query/1.jpg", "query//./1.jpg"), "is there twice"),
    ("Query/A.jpg", twice("query/a.jpg", "Query/A.jpg"), "upper and lower case only"),
    ("query", twice("query", "query/a.jpg"), "both a file and a folder"),
    ("x" * 80, named("x" * 256 + ".jpg"), "more than 255 bytes"),
    ("a/a/a", named("a/" * 33 + "x.jpg"), "32 deep"),
    ("strange.jpg", special(tarfile.SYMTYPE, LINK), "is a symbolic link"),
    ("strange.jpg", special(tarfile.CHRTYPE, DEVICE), "is (a device|neither a file nor a folder)"),
    ("strange.jpg", special(tarfile.FIFOTYPE, PIPE), "is (a named pipe|neither a file nor a folder)"),
    ("bomb.txt", bomb, "more than 200 times its packed size"),
]


def refusal_of(path: Path) -> str:
    """The message of the refusal, after a look that everything of it is said in one sentence."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(BadRawData) as caught:
        _ = Archive(path).listing
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert path.name in message
    assert sorted(path.parent.iterdir()) == before
    return message


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("member", "make", "said"), HOSTILE, ids=[f"{row[2][:14]}-{n}" for n, row in enumerate(HOSTILE)]
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_one_bad_member_refuses_the_whole_archive_by_name(
    tmp_path: Path, form: str, member: str, make: Make, said: str
) -> None:
    if make is bomb and form == ".tar":
        return  # a plain tar is as large as what is in it
    message = refusal_of(make(tmp_path / f"raw{form}"))
    assert member in message
    assert re.search(said, message)


def test_the_bad_members_are_nineteen() -> None:
    assert len(HOSTILE) == 19


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("raw.zip", encrypted, "'readme.txt' is encrypted"),
        ("raw.zip", overlapping, "claims bytes that the archive does not have"),
        ("raw.tar", long_header, "a header in it claims"),
        ("raw.tar.gz", gzip_tail, "more follows after its end mark"),
        (
            "raw.tar",
            lambda path: tar_with(path, (tar_entry("a.jpg", tarfile.LNKTYPE, "readme.txt"), b"")),
            "'a.jpg' is a hard link",
        ),
        (
            "raw.tar",
            lambda path: tar_with(path, (tar_entry("a.jpg", b"Z"), b"")),
            "neither a file nor a folder|cut off or damaged",
        ),
        ("raw.zip", lambda path: _method(path, zipfile.ZIP_BZIP2), "is packed with method 12"),
        ("raw.zip", lambda path: _written(path, b"PK\5\6" + b"\1" * 18), "cut off or damaged"),
        ("raw.zip", lambda path: _written(path, b""), "cut off or damaged"),
        ("raw.tar", lambda path: _written(path, b""), "cut off or damaged"),
        ("raw.tar.gz", lambda path: _written(path, b"\x1f\x8b\x08"), "cut off or damaged"),
        ("raw.tar.gz", lambda path: _written(path, b"<html>"), "cut off or damaged"),
        ("raw.tar", lambda path: _written(path, b"\xff" * 2_048), "cut off or damaged"),
        ("raw.tgz", lambda path: zip_with(path), "cut off or damaged"),
        ("raw.zip", lambda path: _written(path, b"#!/bin/sh\n" + zip_with(path).read_bytes()), "cut off or damaged"),
    ],
)
def test_an_archive_with_a_fault_of_its_form_is_refused(tmp_path: Path, name: str, make: Make, said: str) -> None:
    assert re.search(said, refusal_of(make(tmp_path / name)))


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _method(path: Path, method: int) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("query/1.jpg", b"x" * 99)
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.02, 0.4, 0.75])
def test_an_archive_that_was_cut_off_is_refused_wherever_it_was_cut(tmp_path: Path, form: str, share: float) -> None:
    assert "cut off or damaged" in refusal_of(cut(tmp_path / f"raw{form}", share))


def test_a_tar_that_lost_only_its_end_mark_is_cut_off(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "raw.tar", {"query/1.jpg": b"x" * 512})
    path.write_bytes(path.read_bytes()[:1_024])
    assert "stops without its end mark" in refusal_of(path)


@pytest.mark.parametrize("form", FORMS)
def test_too_many_members_and_too_many_bytes_are_refused(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of(tmp_path / f"raw{form}", {f"{n}.jpg": b"x" * 999 for n in range(9)})
    monkeypatch.setattr(checks, "MAX_MEMBERS", 8)
    assert "more than 8 members" in refusal_of(path)
    monkeypatch.setattr(checks, "MAX_MEMBERS", 9)
    monkeypatch.setattr(checks, "MAX_TOTAL", 8_000)
    assert "'8.jpg' brings the unpacked size above" in refusal_of(path)


@pytest.mark.parametrize("name", ["raw.7z", "raw.rar", "raw.tar.bz2", "raw.jpg"])
def test_a_file_of_another_kind_is_told_which_kinds_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRawData, match=r"a folder, .zip, .tar, .tar.gz or .tgz is\.$"):
        Archive(_written(tmp_path / name, b"x"))


def test_a_name_that_the_entry_itself_contradicts_is_not_read(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "raw.zip", GOOD)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"readme.txt", b"evil00.txt", 1))
    with pytest.raises(BadRawData, match="its entry has another name"):
        ArchiveTree(Archive(path)).read("readme.txt")


def test_bytes_without_their_checksum_are_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "raw.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("readme.txt", b"read me")
    path = _written(
        tmp_path / "raw.zip", (tmp_path / "raw.zip").read_bytes().replace(b"read me", b"read me?"[:7:1][::-1])
    )
    with pytest.raises(BadRawData, match="size and checksum promised"):
        ArchiveTree(Archive(path)).read("readme.txt")


def test_a_member_that_unpacks_to_more_than_it_claims_is_not_read(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "raw.zip", (zip_entry("big.txt"), bytes(30 << 20)))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\1\2") + 24
    data[at : at + 4] = (1_000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(BadRawData, match="size and checksum promised"):
        ArchiveTree(Archive(path)).read("big.txt")


def test_an_archive_that_changed_since_it_was_listed_is_not_read(tmp_path: Path) -> None:
    tree = ArchiveTree(Archive(archive_of(tmp_path / "raw.tar", GOOD)))
    assert tree.has("readme.txt")
    archive_of(tmp_path / "raw.tar", {"readme.txt": b"x" * 99_999})
    with pytest.raises(BadRawData, match="changed while it was being read"):
        tree.read("readme.txt")


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_broken_bytes_give_the_content_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, form: str, seed: int
) -> None:
    path = archive_of(
        tmp_path_factory.mktemp("raw") / f"raw{form}", GOOD | {f"{n}/x.txt": os.urandom(99) for n in range(5)}
    )
    data, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    refused = _refusal(path)
    assert refused is None or refused.endswith(".")


def _refusal(path: Path) -> str | None:
    """Why an archive or a file of it is not read; None when everything in it has the size it claims."""
    try:
        tree = ArchiveTree(Archive(path))
        sizes = [(file.size, len(tree.read(file.relpath))) for file in tree.files()]
    except BadRawData as error:
        return str(error)
    return None if all(claimed == met for claimed, met in sizes) else "sizes differ"
