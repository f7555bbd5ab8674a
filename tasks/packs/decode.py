"""Strict decoding of one encoded image: what it is, whether it is whole, and a small grey picture for its hash.

JPEG goes through libjpeg-turbo in strict mode at the smallest scale that still gives 32 grey pixels a side: the
entropy decode is what finds damage, and it is done in full; colour and inverse transform find nothing. One decode
serves verification and hashing. PNG, BMP and JPEG variants that the strict decoder does not know (CMYK, arithmetic
coding) go through a full load by PIL.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import simplejpeg

Grey = npt.NDArray[np.uint8]  # height x width, or height x width x 1 as the JPEG decoder gives it

SIDE = 32
# colorspace, fastdct, fastupsample, min_height, min_width of simplejpeg.decode_jpeg, for any number of images
_IN_GREY = (repeat("GRAY"), repeat(False), repeat(False), repeat(SIDE), repeat(SIDE))
_ANY_FACTOR = repeat(1)  # min_factor, which stands between these and the place to decode to
MAX_BYTES = 32 << 20
MAX_PIXELS = 1 << 25
_REDUCED = 256
# A usual progressive JPEG has ten scans. Where bytes times pixels stay below this, no number of them takes long.
_MAX_SCANS = 100
_HEAVY = 1 << 33
_SOI = b"\xff\xd8\xff"
_EOI = b"\xff\xd9"
_COMMENT = b"\xff\xfe"
_FRAMES = frozenset((b"\xff\xc0", b"\xff\xc1", b"\xff\xc2"))  # baseline, extended, progressive
# Before the frame: tables, application data, comments. Any other marker is left to the decoder to make sense of.
_SEGMENTS = _FRAMES | {bytes((0xFF, kind)) for kind in (0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE)}
_FAR = 1 << 12  # a longer way to the frame header is not worth a look
_CMYK = frozenset(("CMYK", "YCCK"))
_SUFFIXES = {"jpeg": ("jpg", "jpeg", "jpe", "jfif"), "png": ("png",), "bmp": ("bmp",)}
_FOREIGN = {
    b"GIF8": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"RIFF": "WebP or another RIFF file",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP",
    b"\x1f\x8b": "gzip",
    b"version https://git-lfs": "a Git LFS pointer",
}
# What PIL's readers raise on damaged files, found by feeding it such files.
_PIL_FAULTS = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, AttributeError, OverflowError,
    AssertionError, MemoryError, NotImplementedError, struct.error, zlib.error,
)  # fmt: skip


class Refusal(NamedTuple):
    """Why an image is refused: empty, not_an_image, wrong_format, too_large, truncated, damaged or unreadable."""

    reason: str
    detail: str


class Decoded(NamedTuple):
    """A whole image: its format, size in pixels, what was odd about it, and a grey picture of at least 32 a side
    (where the image itself has that many)."""

    format: str
    width: int
    height: int
    note: str | None
    grey: Grey


class SoundJpegs(NamedTuple):
    """What `Decoded` says of one image, for many JPEGs that are all whole, a column for each field.

    The grey pictures of images of one size lie in one array, images first.
    """

    widths: Sequence[int]
    heights: Sequence[int]
    notes: Sequence[str | None]
    greys: Sequence[Grey] | Grey


def decode_all(encoded: Sequence[bytes], suffixes: Sequence[str]) -> SoundJpegs | Sequence[Decoded | Refusal]:
    """What `decode` says of each image; sound JPEGs, which nearly all are, go through in one sweep."""
    return _sound_jpegs(encoded, suffixes) or list(map(decode, encoded, suffixes))


def _sound_jpegs(encoded: Sequence[bytes], suffixes: Sequence[str]) -> SoundJpegs | None:
    """What all the images are, step by step over all of them; None when one is not a sound JPEG of a usual kind."""
    if {data[:3] for data in encoded} != {_SOI}:
        return None
    try:
        heights, widths, spaces, _ = zip(*_headers(encoded), strict=True)
        largest = max(map(len, encoded))
        if not _CMYK.isdisjoint(spaces) or _size_fault(largest, max(widths), max(heights)):
            return None
        if largest * max(widths) * max(heights) > _HEAVY and any(map(_many_scans, encoded)):
            return None
        alike = len(set(widths)) == len(set(heights)) == 1
        greys = _in_one_array(encoded) if alike else list(map(simplejpeg.decode_jpeg, encoded, *_IN_GREY))
    except ValueError:
        return None
    return SoundJpegs(widths, heights, _all_notes(encoded, suffixes), greys)


def _headers(encoded: Sequence[bytes]) -> Iterable[tuple[int, int, str, str]]:
    """What the header of each JPEG says; the first one is asked alone when all of them begin alike."""
    parts = _telling(encoded[0])
    if parts and len(set(map(itemgetter(*parts), encoded))) == 1:
        return [simplejpeg.decode_jpeg_header(encoded[0])] * len(encoded)
    return map(simplejpeg.decode_jpeg_header, encoded)


def _telling(data: bytes) -> list[slice]:
    """What a JPEG's size and number of colours follow from: all up to its frame header, but the text of comments."""
    parts: list[slice] = []
    start, place = 0, len(_SOI) - 1
    while (marker := data[place : place + 2]) in _SEGMENTS and place < _FAR:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        if marker in _FRAMES:
            return [*parts, slice(start, end)]
        if marker == _COMMENT:
            parts.append(slice(start, place + 4))
            start = end
        place = end
    return []


def _in_one_array(encoded: Sequence[bytes]) -> Grey:
    """The grey pictures of JPEGs of one size, decoded side by side: hashing needs no copy of them."""
    first = simplejpeg.decode_jpeg(encoded[0], "GRAY", min_height=SIDE, min_width=SIDE)
    greys = np.empty((len(encoded), *first.shape), dtype=np.uint8)
    greys[0] = first
    list(map(simplejpeg.decode_jpeg, encoded[1:], *_IN_GREY, _ANY_FACTOR, greys[1:]))
    return greys


def _all_notes(encoded: Sequence[bytes], suffixes: Sequence[str]) -> Sequence[str | None]:
    if {data[-2:] for data in encoded} == {_EOI} and set(suffixes) == {"jpg"}:
        return [None] * len(encoded)
    return list(map(_notes, encoded, suffixes, repeat("jpeg")))


def decode(data: bytes, suffix: str) -> Decoded | Refusal:
    """Verify an encoded image in full. `suffix` is what its name claims, without the dot."""
    if data.startswith(_SOI):
        return _jpeg(data, suffix)
    if not data:
        return Refusal("empty", "The file has no bytes.")
    if len(data) > MAX_BYTES:
        return Refusal("too_large", f"The file has {len(data)} bytes; at most {MAX_BYTES} are accepted.")
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _by_pil(data, suffix, "png", _png_size(data))
    if data[:2] == b"BM" and len(data) >= 26:
        return _by_pil(data, suffix, "bmp", _bmp_size(data))
    return _foreign(data)


def _foreign(data: bytes) -> Refusal:
    head = data[:256].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")):
        return Refusal("not_an_image", "The file is a web page: its download failed. Fetch the image again.")
    for magic, name in _FOREIGN.items():
        if data.startswith(magic):
            return Refusal("wrong_format", f"The file is {name}; JPEG, PNG and BMP are accepted.")
    if not any(data[:64]):
        return Refusal("not_an_image", "The file begins with zero bytes: it was never fully written.")
    return Refusal("not_an_image", f"The file begins with {data[:8].hex(' ')}, which starts no known image format.")


def _jpeg(data: bytes, suffix: str) -> Decoded | Refusal:
    try:
        height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError as error:
        return _jpeg_fault(data, str(error))
    if fault := _size_fault(len(data), width, height):
        return fault
    if len(data) * width * height > _HEAVY and _many_scans(data):
        return Refusal("too_large", f"The JPEG has more than {_MAX_SCANS} scans of {width}x{height} pixels each.")
    if space in _CMYK:
        return _by_pil(data, suffix, "jpeg", (width, height))
    try:
        grey = simplejpeg.decode_jpeg(data, "GRAY", min_height=SIDE, min_width=SIDE)
    except ValueError as error:
        return _jpeg_fault(data, str(error), suffix, (width, height))
    return Decoded("jpeg", width, height, _notes(data, suffix, "jpeg"), grey[:, :, 0])


def _many_scans(data: bytes) -> bool:
    """Whether a JPEG goes over its pixels so often, in a few bytes each time, that it would take minutes."""
    return data.count(b"\xff\xda") > _MAX_SCANS


def _jpeg_fault(
    data: bytes, message: str, suffix: str = "jpg", size: tuple[int, int] | None = None
) -> Decoded | Refusal:
    """The refusal of a JPEG that the strict decoder did not take, or its PIL load when it is merely an odd one."""
    lowered = message.lower()
    if "premature end" in lowered or "truncated" in lowered:
        return Refusal("truncated", "The JPEG ends before its last rows: the file was cut off.")
    if size is not None and ("unsupported" in lowered or "not supported" in lowered or "sorry" in lowered):
        return _by_pil(data, suffix, "jpeg", size)
    said = message.strip().rstrip(".") or "no reason given"
    if size is not None and _loads_leniently(data):
        return Refusal("damaged", f"The JPEG's data is corrupt although lenient readers show it: {said}.")
    return Refusal("unreadable", f"The JPEG cannot be decoded: {said}.")


def _loads_leniently(data: bytes) -> bool:
    try:
        simplejpeg.decode_jpeg(data, "GRAY", strict=False)
    except ValueError:
        return False
    return True


def _size_fault(n_bytes: int, width: int, height: int) -> Refusal | None:
    if n_bytes > MAX_BYTES:
        return Refusal("too_large", f"The file has {n_bytes} bytes; at most {MAX_BYTES} are accepted.")
    if width * height > MAX_PIXELS:
        return Refusal("too_large", f"The image claims {width}x{height} pixels; at most {MAX_PIXELS} are decoded.")
    if width < 1 or height < 1:
        return Refusal("unreadable", f"The image claims {width}x{height} pixels.")
    return None


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) < 24:
        return 0, 0
    width, height = struct.unpack(">II", data[16:24])
    return int(width), int(height)


def _bmp_size(data: bytes) -> tuple[int, int]:
    if struct.unpack("<I", data[14:18])[0] == 12:
        width, height = struct.unpack("<HH", data[18:22])
    else:
        width, height = struct.unpack("<ii", data[18:26])
    return abs(int(width)), abs(int(height))


def _by_pil(data: bytes, suffix: str, format_: str, size: tuple[int, int]) -> Decoded | Refusal:
    if fault := _size_fault(len(data), *size):
        return fault
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=(format_.upper(),)) as image:
                image.load()
                if fault := _size_fault(len(data), *image.size):
                    return fault
                return Decoded(format_, *image.size, _notes(data, suffix, format_), _grey(image))
        except (Image.DecompressionBombError, *_PIL_FAULTS) as error:
            return _pil_refusal(format_, str(error) or type(error).__name__)


def _grey(image: Any) -> Grey:
    """The picture in grey, box-reduced when it is large so that hashing stays cheap."""
    grey = image.convert("RGB").convert("L") if image.mode not in ("L", "RGB") else image.convert("L")
    factors = tuple(max(1, side // (_REDUCED // 2)) if side > _REDUCED else 1 for side in grey.size)
    return np.asarray(grey.reduce(factors) if factors != (1, 1) else grey, dtype=np.uint8)


def _pil_refusal(format_: str, message: str) -> Refusal:
    said = message.splitlines()[0].rstrip(".")
    name = format_.upper()
    if "truncated" in said.lower() or "unexpected end" in said.lower():
        return Refusal("truncated", f"The {name} ends before its last rows: the file was cut off.")
    return Refusal("unreadable", f"The {name} cannot be decoded: {said[:160]}.")


def _notes(data: bytes, suffix: str, format_: str) -> str | None:
    if suffix == "jpg" and format_ == "jpeg" and data.endswith(_EOI):
        return None  # nearly every image, and quickly
    notes = []
    if (extra := _trailing(data, format_)) > 0:
        notes.append(f"trailing_bytes:{extra}")
    if suffix.lower() not in _SUFFIXES[format_]:
        notes.append(f"{format_}_named_{suffix.lower()}")
    return ";".join(notes) or None


def _trailing(data: bytes, format_: str) -> int:
    """How many bytes follow the end of the image; they are stored with it, untouched."""
    if format_ == "jpeg":
        return 0 if data.endswith(_EOI) else len(data) - data.rfind(_EOI) - len(_EOI)
    if format_ == "png":
        return len(data) - data.rfind(b"IEND") - 8
    return 0
