"""Strict decoding: what is accepted, what is refused and why, and the hash that comes of it."""

import io
import struct
import zlib

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packs_toy import encoded, picture
from PIL import Image

from tasks.packs.decode import MAX_BYTES, Decoded, Refusal, SoundJpegs, decode, decode_all
from tasks.packs.phash import phashes


@pytest.mark.parametrize(
    ("data", "suffix", "form", "note"),
    [
        (encoded(1), "jpg", "jpeg", None),
        (encoded(1, progressive=True), "jpg", "jpeg", None),
        (encoded(1, mode="L"), "jpeg", "jpeg", None),
        (encoded(1, mode="CMYK"), "jpg", "jpeg", None),
        (encoded(1, "PNG"), "png", "png", None),
        (encoded(1, "PNG", "P"), "png", "png", None),
        (encoded(1, "PNG", "RGBA"), "png", "png", None),
        (encoded(1, "PNG", "1"), "png", "png", None),
        (encoded(1, "BMP"), "bmp", "bmp", None),
        (encoded(1, "PNG"), "jpg", "png", "png_named_jpg"),
        (encoded(1), "png", "jpeg", "jpeg_named_png"),
        (encoded(1) + b"extra", "jpg", "jpeg", "trailing_bytes:5"),
        (encoded(1, "PNG") + b"extra", "png", "png", "trailing_bytes:5"),
    ],
)
def test_a_whole_image_is_accepted_with_its_size_and_oddities(
    data: bytes, suffix: str, form: str, note: str | None
) -> None:
    found = decode(data, suffix)
    assert isinstance(found, Decoded)
    assert (found.format, found.width, found.height, found.note) == (form, 64, 128, note)


def _png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _jpeg_of(width: int, height: int) -> bytes:
    data = encoded(1)
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>404</html>", "not_an_image"),
        (b"\n  <HTML>", "not_an_image"),
        (bytes(500), "not_an_image"),
        (b"hello", "not_an_image"),
        (b"version https://git-lfs.github.com/spec/v1\n", "wrong_format"),
        (encoded(1, "GIF"), "wrong_format"),
        (encoded(1, "TIFF"), "wrong_format"),
        (encoded(1, "WEBP"), "wrong_format"),
        (encoded(1)[:-700], "truncated"),
        (encoded(1)[:-2], "truncated"),
        (encoded(1)[:200], "unreadable"),
        (b"\xff\xd8\xff", "unreadable"),
        (encoded(1, "PNG")[:-200], "truncated"),
        (encoded(1, "PNG")[:20], "unreadable"),
        (encoded(1, "BMP")[:-200], "truncated"),
        (b"BM" + bytes(30), "unreadable"),
        (_png_of(60_000, 60_000), "too_large"),
        (_png_of(0, 10), "unreadable"),
        (_jpeg_of(60_000, 60_000), "too_large"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES), "too_large"),
        (encoded(1) + bytes(MAX_BYTES), "too_large"),
    ],
)
def test_what_is_no_whole_image_is_refused_with_its_reason_and_a_sentence(data: bytes, reason: str) -> None:
    found = decode(data, "jpg")
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.detail.endswith(".")
    assert "\n" not in found.detail


def test_zeroed_bytes_that_lenient_readers_pass_over_are_found_more_often_than_not() -> None:
    refused = 0
    for seed in range(40):
        data = encoded(seed, quality=90)
        place = len(data) // 2
        broken = data[:place] + bytes(256) + data[place + 256 :]
        Image.open(io.BytesIO(broken)).load()
        refused += isinstance(decode(broken, "jpg"), Refusal)
    assert refused >= 18


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from(["JPEG", "PNG", "BMP"]),
    places=st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=5),
    cut=st.integers(0, 20_000),
)
def test_broken_bytes_end_in_a_verdict_never_in_an_error(form: str, places: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(_WHOLE[form])
    for place, value in places:
        data[place % len(data)] = value
    found = decode(bytes(data[: cut or None]), "jpg")
    assert isinstance(found, Decoded) or found.reason


_WHOLE = {form: encoded(3, form) for form in ("JPEG", "PNG", "BMP")}


def test_hashes_lie_within_a_bit_or_two_of_those_of_a_full_decode() -> None:
    data = [encoded(seed) for seed in range(60)]
    found = [decode(one, "jpg") for one in data]
    ours = phashes([one.grey for one in found if isinstance(one, Decoded)])
    theirs = [int(str(imagehash.phash(Image.open(io.BytesIO(one)))), 16) for one in data]
    apart = np.bitwise_count(ours ^ np.array(theirs, dtype=np.uint64))
    assert len(ours) == 60
    assert apart.mean() < 1
    assert np.percentile(apart, 95) <= 4


def test_a_hash_does_not_depend_on_its_batch() -> None:
    sizes = [(64, 128), (61, 127), (32, 32), (200, 90), (20, 11), (640, 320)]
    pictures = [np.asarray(picture(seed, *sizes[seed % 6]).convert("L")) for seed in range(80)]
    together = phashes(pictures)
    assert [int(one) for one in together] == [int(phashes([one])[0]) for one in pictures]
    assert phashes([]).shape == (0,)


def test_the_same_picture_in_another_size_or_quality_has_a_near_hash() -> None:
    for seed in range(20):
        small = io.BytesIO()
        picture(seed).resize((96, 192)).save(small, "JPEG", quality=60)
        found = [decode(data, "jpg") for data in (encoded(seed), small.getvalue())]
        first, second = phashes([one.grey for one in found if isinstance(one, Decoded)])
        assert np.bitwise_count(first ^ second) <= 10


def test_images_decoded_together_are_what_each_is_alone() -> None:
    sound = [encoded(number) for number in range(4)]
    odd = [encoded(1, "PNG"), encoded(1, mode="CMYK"), sound[0][:-40], sound[1] + b"tail", b"", b"<html>"]
    for together in (sound, odd, [*sound, *odd], [*sound, sound[1] + b"tail"], []):
        alone = [decode(data, "jpg") for data in together]
        found = decode_all(together, ["jpg"] * len(together))
        assert isinstance(found, SoundJpegs) == (together in (sound, [*sound, sound[1] + b"tail"]))
        if isinstance(found, SoundJpegs):
            found = [Decoded("jpeg", *fields[:3], fields[3][:, :, 0]) for fields in zip(*found, strict=True)]
        assert [_plain(one) for one in found] == [_plain(one) for one in alone]


def _plain(found: Decoded | Refusal) -> tuple[object, ...]:
    return tuple(part.tolist() if isinstance(part, np.ndarray) else part for part in found)


def _with_segment(data: bytes, marker: bytes, text: bytes, length: int | None = None) -> bytes:
    """A JPEG with one more segment before all others."""
    return data[:2] + marker + struct.pack(">H", len(text) + 2 if length is None else length) + text + data[2:]


_FALSE_FRAME = b"\xff\xc0\x00\x0b\x08\x40\x00\x40\x00\x01\x01\x11\x00"


@pytest.mark.parametrize(
    "pair",
    [
        (encoded(1), encoded(2)),
        (_with_segment(encoded(1), b"\xff\xfe", b"one"), _with_segment(encoded(2), b"\xff\xfe", b"two")),
        (_with_segment(encoded(1), b"\xff\xfe", _FALSE_FRAME), _with_segment(encoded(2), b"\xff\xfe", bytes(13))),
        (encoded(1), encoded(1, mode="L")),
        (encoded(1), encoded(2, progressive=True)),
        (encoded(1), _jpeg_of(64, 120)),
        (_jpeg_of(64, 120), encoded(1)),
        # a marker without a length, and one after fill bytes: the decoder must find the frame header itself
        (_with_segment(encoded(1), b"\xff\xd0\xff\xfe", b"a"), _with_segment(encoded(1), b"\xff\xd0\xff\xfe", b"b")),
        (_with_segment(encoded(1), b"\xff\xff\xfe", b"a"), _with_segment(encoded(2), b"\xff\xff\xfe", b"b")),
        (_with_segment(encoded(1), b"\xff\xfe", b"ab", 0), _with_segment(encoded(2), b"\xff\xfe", b"cd", 1)),
        (encoded(1)[:150], encoded(1)[:150]),
        (b"\xff\xd8\xff", b"\xff\xd8\xff\xfe"),
    ],
)
def test_headers_that_begin_alike_are_told_from_those_that_do_not(pair: tuple[bytes, bytes]) -> None:
    """Of a block whose files begin alike only the first header is asked."""
    together = decode_all(pair, ["jpg", "jpg"])
    alone = [decode(data, "jpg") for data in pair]
    if isinstance(together, SoundJpegs):
        sizes = [(one.width, one.height) for one in alone if isinstance(one, Decoded)]
        assert list(zip(together.widths, together.heights, strict=True)) == sizes
    else:
        assert [one[:4] if isinstance(one, Decoded) else one for one in together] == [
            one[:4] if isinstance(one, Decoded) else one for one in alone
        ]
