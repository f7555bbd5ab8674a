"""Pixels as a PNG without compression: the same bytes from every machine, and a size that is known beforehand.

Compressors of different makes and versions give different bytes for the same pixels; stored blocks do not.
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt

_BLOCK = 65_535
_FRAME = 8 + (12 + 13) + 12 + 12  # signature, header, and the frames of the data and of the end


def png_size(height: int, width: int) -> int:
    """The bytes that `plain_png` gives for an image of this size."""
    raw = height * (1 + 3 * width)
    return _FRAME + 2 + raw + 5 * max(1, -(-raw // _BLOCK)) + 4


def plain_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An image, height x width x 3, as an uncompressed PNG."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(rows.tobytes())) + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _stored(raw: bytes) -> bytes:
    """A zlib stream of stored blocks."""
    starts = range(0, max(1, len(raw)), _BLOCK)
    blocks = [raw[start : start + _BLOCK] for start in starts]
    last = len(blocks) - 1
    framed = [struct.pack("<BHH", i == last, len(b), len(b) ^ 0xFFFF) + b for i, b in enumerate(blocks)]
    return b"\x78\x01" + b"".join(framed) + struct.pack(">I", zlib.adler32(raw))
