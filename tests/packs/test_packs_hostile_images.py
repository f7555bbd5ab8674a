"""A corpus of hostile and odd images, made by code: each ends in a row or a refusal, in bounded time and memory."""

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from packs_toy import encoded, make_market, picture
from PIL import Image, ImageCms

from tasks.packs.decode import Decoded, Refusal, decode

ACCEPTED = "accepted"


def png(*chunks: tuple[bytes, bytes], width: int = 8, height: int = 8, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of a head, these chunks and an end, with right checksums."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IEND", b"")]
    framed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def rows(width: int = 8, height: int = 8, channels: int = 3) -> tuple[bytes, bytes]:
    """The image data of a black PNG of 8 bits a channel."""
    return b"IDAT", zlib.compress(b"\0" * (1 + width * channels) * height)


def saved(form: str, **options: object) -> bytes:
    """A picture in a format, with the options of PIL."""
    file = io.BytesIO()
    picture(3).save(file, form, **options)
    return file.getvalue()


def animated(form: str) -> bytes:
    file = io.BytesIO()
    picture(1).save(file, form, save_all=True, append_images=[picture(2), picture(3)])
    return file.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved("JPEG", exif=exif.tobytes())


def with_segment(marker: int, data: bytes) -> bytes:
    """A JPEG with one more segment after its start."""
    whole = encoded(1)
    return whole[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data + whole[2:]


def with_marker(old: int, new: int) -> bytes:
    """A JPEG one of whose markers is another."""
    return encoded(1).replace(bytes((0xFF, old)), bytes((0xFF, new)), 1)


def without_tables(marker: int) -> bytes:
    """A JPEG without its first segment of a kind."""
    whole = encoded(1)
    start = whole.index(bytes((0xFF, marker)))
    return whole[:start] + whole[start + 2 + int.from_bytes(whole[start + 2 : start + 4], "big") :]


def many_scans() -> bytes:
    """A JPEG of nine million pixels that goes over them two thousand times, in a few bytes each time."""
    file = io.BytesIO()
    Image.new("L", (3_000, 3_000), 120).save(file, "JPEG", progressive=True)
    whole = file.getvalue()
    last = b"\xff\xda" + whole.rpartition(b"\xff\xda")[2][:-2]
    return whole[:-2] + last * 2_000 + b"\xff\xd9"


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, colours: int = 0, data: bytes = b"") -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + head + data


def grey16() -> bytes:
    file = io.BytesIO()
    Image.fromarray((np.arange(64 * 128, dtype=np.uint16) * 8).reshape(128, 64)).save(file, "PNG")
    return file.getvalue()


_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_BIG = zlib.compress(bytes(96 << 20), 9)

CORPUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "jpeg with a ZIP behind it": (lambda: encoded(1) + b"PK\3\4" + bytes(200), ACCEPTED),
    "jpeg with a program in a comment": (lambda: with_segment(0xFE, b"<?php system($_GET[0]); ?>"), ACCEPTED),
    "jpeg with a page in front": (lambda: b"<html>" + encoded(1), "not_an_image"),
    "gif with a jpeg behind it": (lambda: b"GIF89a" + encoded(1), "wrong_format"),
    "pdf with a jpeg in it": (lambda: b"%PDF-1.4\n" + encoded(1), "wrong_format"),
    "png with a page behind it": (lambda: encoded(1, "PNG") + b"<script>alert(1)</script>", ACCEPTED),
    "svg": (lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "not_an_image"),
    "png that claims 2^31 pixels a side": (lambda: png(rows(), width=1 << 31, height=1 << 31), "too_large"),
    "png that claims a line of 2^30 pixels": (lambda: png(rows(), width=1 << 30, height=1), "too_large"),
    "png of the largest size, in one bit": (
        lambda: png((b"IDAT", zlib.compress(bytes(5_792 * 725), 9)), width=5_792, height=5_792, depth=1, colour=0),
        ACCEPTED,
    ),
    "png with a text of 96 MiB": (lambda: png((b"zTXt", b"Comment\0\0" + _BIG), rows()), "unreadable"),
    "png with a profile of 96 MiB": (lambda: png((b"iCCP", b"icc\0\0" + _BIG), rows()), "unreadable"),
    "png with too many rows": (lambda: png((b"IDAT", _BIG)), ACCEPTED),
    "png with too few rows in a whole stream": (lambda: png(rows(height=2)), "any"),
    "png without data": (lambda: png(), "unreadable"),
    "png with a wrong checksum": (lambda: png(rows()).replace(b"\0\0\0\x08", b"\0\0\0\x09", 1), "unreadable"),
    "png whose head comes second": (lambda: b"\x89PNG\r\n\x1a\n" + png(rows())[33:], "too_large"),
    "png of 16 bits": (grey16, ACCEPTED),
    "png of no width": (lambda: png(rows(), width=0), "unreadable"),
    "png of an unknown colour type": (lambda: png(rows(), colour=5), "unreadable"),
    "png animated": (lambda: animated("PNG"), ACCEPTED),
    "gif animated": (lambda: animated("GIF"), "wrong_format"),
    "webp animated": (lambda: animated("WEBP"), "wrong_format"),
    "tiff": (lambda: saved("TIFF"), "wrong_format"),
    "ico": (lambda: saved("ICO"), "not_an_image"),
    "jpeg 2000": (lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "not_an_image"),
    "heic": (lambda: b"\0\0\0\x18ftypheic" + bytes(60), "not_an_image"),
    "jpeg in CMYK": (lambda: encoded(1, mode="CMYK"), ACCEPTED),
    "jpeg in grey": (lambda: encoded(1, mode="L"), ACCEPTED),
    "jpeg progressive": (lambda: saved("JPEG", progressive=True), ACCEPTED),
    "jpeg with a profile": (lambda: saved("JPEG", icc_profile=_SRGB), ACCEPTED),
    "jpeg with a profile of nonsense": (lambda: saved("JPEG", icc_profile=b"\xff" * 900), ACCEPTED),
    "jpeg with EXIF of nonsense": (
        lambda: with_segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 90),
        ACCEPTED,
    ),
    "jpeg of no width": (lambda: encoded(1).replace(b"\0\x80\0\x40", b"\0\x80\0\0", 1), "unreadable"),
    "jpeg of no height": (lambda: encoded(1).replace(b"\0\x80\0\x40", b"\0\0\0\x40", 1), "unreadable"),
    "jpeg that claims 65500 pixels a side": (
        lambda: encoded(1).replace(b"\0\x80\0\x40", b"\xff\xdc\xff\xdc", 1),
        "too_large",
    ),
    "jpeg cut in its head": (lambda: encoded(1)[:100], "unreadable"),
    "jpeg cut in its data": (lambda: encoded(1)[:-400], "truncated"),
    "jpeg cut before its end mark": (lambda: encoded(1)[:-2], "truncated"),
    "jpeg with zeros in its data": (lambda: encoded(1)[:-500] + bytes(400) + encoded(1)[-100:], "any"),
    "jpeg said to be lossless": (lambda: with_marker(0xC0, 0xC3), "unreadable"),
    "jpeg said to be arithmetic": (lambda: with_marker(0xC0, 0xC9), "any"),
    "jpeg said to be hierarchical": (lambda: with_marker(0xC0, 0xC5), "unreadable"),
    "jpeg without Huffman tables": (lambda: without_tables(0xC4), "any"),
    "jpeg without quantisation tables": (lambda: without_tables(0xDB), "any"),
    "jpeg with two thousand scans": (many_scans, "too_large"),
    "bmp": (lambda: saved("BMP"), ACCEPTED),
    "bmp from the top down": (lambda: bmp(8, -8, data=bytes(192)), ACCEPTED),
    "bmp that claims 2^31 pixels": (lambda: bmp((1 << 31) - 1, 2), "too_large"),
    "bmp of negative width": (lambda: bmp(-8, 8, data=bytes(192)), "any"),
    "bmp cut": (lambda: bmp(64, 64, data=bytes(100)), "truncated"),
    "bmp with a run length that never ends": (lambda: bmp(64, 64, 8, 1, 0, b"\xff\xff" * 40), "any"),
    "bmp with two billion colours": (lambda: bmp(8, 8, 8, 0, (1 << 31) - 1, bytes(64)), "any"),
    "a gzip file": (lambda: b"\x1f\x8b\x08" + bytes(90), "wrong_format"),
    "no bytes": (lambda: b"", "empty"),
    "one byte": (lambda: b"\xff", "not_an_image"),
    "random bytes": (lambda: np.random.default_rng(1).bytes(4_000), "not_an_image"),
    **{f"jpeg turned by EXIF {turn}": (lambda turn=turn: turned(turn), ACCEPTED) for turn in range(1, 9)},
}


@pytest.fixture(scope="module")
def corpus() -> dict[str, bytes]:
    return {name: make() for name, (make, _) in CORPUS.items()}


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_image_ends_in_a_verdict_with_its_reason(corpus: dict[str, bytes], name: str) -> None:
    found = decode(corpus[name], "jpg")
    said = found.reason if isinstance(found, Refusal) else ACCEPTED
    assert CORPUS[name][1] in (said, "any")
    if isinstance(found, Refusal):
        assert found.detail.endswith(".")
        assert "\n" not in found.detail
    else:
        assert 1 <= found.grey.size <= max(found.width * found.height, 1 << 20)


def test_an_orientation_in_the_exif_turns_nothing(corpus: dict[str, bytes]) -> None:
    found = [decode(corpus[f"jpeg turned by EXIF {turn}"], "jpg") for turn in range(1, 9)]
    assert {(one.width, one.height) for one in found if isinstance(one, Decoded)} == {(64, 128)}


def test_the_whole_corpus_goes_through_ingest_in_little_time_and_memory(
    corpus: dict[str, bytes], tmp_path: Path
) -> None:
    root = make_market(tmp_path / "raw")
    for number, data in enumerate(corpus.values()):
        (root / "query" / f"0002_c1s1_{900_000 + number}_01.jpg").write_bytes(data)
    code = (
        "import json, resource, sys; from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "from tasks.steps.ingest import ingest\n"
        "step = ingest(Path(sys.argv[1]), 'market1501', Path(sys.argv[2]))\n"
        "print(json.dumps([step.facts['counts'], str(step.folder)]))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store"), str(root)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    counts, folder = json.loads(done.stdout)
    assert counts["images"] + counts["rejects"] == 24 + len(CORPUS)
    refused = pq.read_table(Path(folder) / "rejects.parquet").to_pylist()
    assert len({row["subject"] for row in refused}) == counts["rejects"] >= 30
    assert done.stderr == ""
