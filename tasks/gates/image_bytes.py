"""Every picture is really there: bytes that are what their row says, and no folder in a path."""

import hashlib
import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import simplejpeg
from PIL import Image

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids

_COLUMNS = ("image_id", "image", "sha256", "n_bytes", "width", "height")
_BATCH = 1_000


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Read every picture's header and digest; `max_failing` pictures may be wrong."""
    table = staged.table("images", _COLUMNS)
    failing: list[str] = []
    reasons: dict[str, int] = {}
    for batch in table.to_batches(max_chunksize=_BATCH):
        for row in _rows(batch):
            if reason := _fault(*row[1:]):
                failing.append(row[0])
                reasons[reason] = reasons.get(reason, 0) + 1
    words = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return Verdict(
        passed=len(failing) <= parameters["max_failing"],
        figure=float(len(failing)),
        summary=words or f"all {table.num_rows} pictures are there and are what their rows say",
        failing=first_ids(failing),
        remedy="Ingest the raw folder again; pictures that cannot be decoded belong in rejects.",
    )


Row = tuple[str, bytes | None, str, str, int, int, int]


def _rows(batch: pa.RecordBatch) -> list[Row]:
    plain = [batch.column(name).to_pylist() for name in ("image_id", "sha256", "n_bytes", "width", "height")]
    pictures = [(cell or {}) for cell in batch.column("image").to_pylist()]
    return [
        (name, picture.get("bytes"), picture.get("path") or "", sha256, n_bytes, width, height)
        for picture, name, sha256, n_bytes, width, height in zip(pictures, *plain, strict=True)
    ]


def _fault(encoded: bytes | None, path: str, sha256: str, n_bytes: int, width: int, height: int) -> str:
    """What is wrong with a picture, as a phrase after a count; empty when nothing is."""
    if not encoded:
        return "without bytes"
    if "/" in path or "\\" in path:
        return "with a folder in the path"
    if len(encoded) != n_bytes or hashlib.sha256(encoded).hexdigest() != sha256:
        return "with other bytes than their digest"
    size = _size(encoded)
    if size is None:
        return "that no decoder opens"
    return "" if size == (width, height) else "of another size than stated"


def _size(encoded: bytes) -> tuple[int, int] | None:
    """Width and height from the header; None when it is no picture."""
    if simplejpeg.is_jpeg(encoded):
        try:
            height, width, _, _ = simplejpeg.decode_jpeg_header(encoded)
        except ValueError:
            return None
        return int(width), int(height)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(encoded)) as picture:
                return picture.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _good() -> ToyStaged:
    return toy_staged(toy_rows())


def _bad() -> ToyStaged:
    rows = toy_rows()
    picture = rows["images"][3]["image"]
    rows["images"][3]["image"] = picture | {"bytes": bytes(np.zeros(len(picture["bytes"]), dtype=np.uint8))}
    return toy_staged(rows)


GATE = Gate(title="Pictures present and whole", severity="error", check=check, good=_good, bad=_bad)
