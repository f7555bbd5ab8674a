"""Archives of folders, and archives that nobody should read, made by code."""

import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

FORMS = (".zip", ".tar", ".tar.gz")
GOOD = {"query/0002_c1s1_000451_00.jpg": b"picture one", "readme.txt": b"read me"}


def packed(folder: Path, target: Path, inside: str = "", reverse: bool = True) -> Path:
    """The files of a folder in an archive, below `inside`, in an order that is not that of their names."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), reverse=reverse)
    return archive_of(target, {inside + path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def archive_of(target: Path, content: Mapping[str, bytes]) -> Path:
    """An archive with this content; its form follows from the name."""
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
    else:
        tar_of(target, ((tarfile.TarInfo(name), data) for name, data in content.items()))
    return target


def tar_of(target: Path, entries: Iterable[tuple[tarfile.TarInfo, bytes]], form: int = tarfile.PAX_FORMAT) -> Path:
    """A tar with exactly these headers; a header's size is that of its data."""
    zipped = target.suffix.lower() in (".gz", ".tgz")
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(target.open("wb"))
        if zipped:
            file = stack.enter_context(gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1))
        archive = stack.enter_context(tarfile.open(fileobj=file, mode="w:", format=form))
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """A header of this kind."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def zip_entry(name: str, mode: int = 0, flags: int = 0) -> zipfile.ZipInfo:
    """A header with the mode of a Unix file."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr, info.flag_bits = 3, mode << 16, flags
    return info


def zip_with(target: Path, *entries: tuple[zipfile.ZipInfo, bytes]) -> Path:
    """A ZIP of the good files and these entries."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in GOOD.items():
            archive.writestr(name, data)
        for info, data in entries:
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return target


def tar_with(target: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    """A tar of the good files and these entries."""
    return tar_of(target, [*((tarfile.TarInfo(name), data) for name, data in GOOD.items()), *entries])


def named(name: str) -> Callable[[Path], Path]:
    """A maker of archives with one more file, which has this name."""

    def make(target: Path) -> Path:
        if target.suffix == ".zip":
            return zip_with(target, (zip_entry(name), b"x"))
        return tar_with(target, (tar_entry(name), b"x"))

    return make


def twice(first: str, second: str) -> Callable[[Path], Path]:
    """A maker of archives with two files of these names."""

    def make(target: Path) -> Path:
        if target.suffix == ".zip":
            return zip_with(target, (zip_entry(first), b"1"), (zip_entry(second), b"2"))
        return tar_with(target, (tar_entry(first), b"1"), (tar_entry(second), b"2"))

    return make


def special(kind: bytes, mode: int) -> Callable[[Path], Path]:
    """A maker of archives with something that is no file: a tar type, and the mode of the same thing in a ZIP."""

    def make(target: Path) -> Path:
        if target.suffix == ".zip":
            return zip_with(target, (zip_entry("query/strange.jpg", mode | 0o644), b"readme.txt"))
        return tar_with(target, (tar_entry("query/strange.jpg", kind, "readme.txt"), b""))

    return make


def bomb(target: Path) -> Path:
    """48 MiB of zeros, which pack to 48 KiB."""
    zeros = bytes(48 << 20)
    return zip_with(target, (zip_entry("bomb.txt"), zeros)) if target.suffix == ".zip" else tar_with(
        target, (tar_entry("bomb.txt"), zeros)
    )  # fmt: skip


def encrypted(target: Path) -> Path:
    """A ZIP whose second entry says that it is encrypted."""
    data = bytearray(zip_with(target).read_bytes())
    data[data.rfind(b"PK\1\2") + 8] |= 1
    target.write_bytes(data)
    return target


def overlapping(target: Path) -> Path:
    """A ZIP whose directory names the same large data many times, as quoted-overlap bombs do."""
    data = os.urandom(4_096)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("query/0.jpg", data)
        for number in range(1, 9):
            info = zipfile.ZipInfo(f"query/{number}.jpg")
            info.file_size = info.compress_size = len(data)
            info.CRC, info.header_offset = zlib.crc32(data), 0
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
    return target


def cut(target: Path, share: float) -> Path:
    """An archive of which only the first part is there."""
    data = archive_of(target, {f"query/{n}.jpg": os.urandom(900) for n in range(40)}).read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def long_header(target: Path) -> Path:
    """A tar whose extended header claims 300 KiB of attributes."""
    info = tar_entry("query/1.jpg")
    info.pax_headers = {"comment": "x" * (300 << 10)}
    return tar_of(target, [(info, b"")])


def gzip_tail(target: Path) -> Path:
    """A gzipped tar with another archive after its end mark."""
    good = tar_with(target.with_suffix(".plain.tar")).read_bytes()
    target.write_bytes(gzip.compress(good + b"not zeros" * 100))
    return target


LINK, DEVICE, PIPE = stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO
