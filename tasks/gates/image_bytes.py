"""Every picture is really there: bytes that are what their row says, and no folder in a path."""

import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from schemas.gate import Gate, ToyStaged, Verdict
from tasks.checking.blocks import Block
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import SHOWN

_FACTS = ("sha256", "n_bytes", "width", "height")


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many pictures a block has, what is wrong with how many, and the first that are."""

    rows: int
    reasons: Counter[str]
    first: tuple[str, ...]


@dataclass(frozen=True)
class _Pictures:
    """Read every picture's header and digest; `max_failing` pictures may be wrong."""

    staged: Memory
    parameters: Mapping[str, Any]

    def seen(self, block: Block) -> _Seen:
        faults = {row: reason for row, picture in enumerate(_rows(block)) if (reason := _fault(*picture))}
        first = block.names(np.array(list(faults)[:SHOWN], dtype=np.int64), "image_id")
        return _Seen(block.rows, Counter(faults.values()), tuple(first))

    def verdict(self, seen: Sequence[_Seen]) -> Verdict:
        reasons = sum((one.reasons for one in seen), Counter[str]())
        words = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        failing = reasons.total()
        return Verdict(
            passed=failing <= self.parameters["max_failing"],
            figure=float(failing),
            summary=words or f"all {sum(one.rows for one in seen)} pictures are there and are what their rows say",
            failing=tuple(name for one in seen for name in one.first)[:SHOWN],
            remedy="Ingest the raw folder again; pictures that cannot be decoded belong in rejects.",
        )


def _rows(block: Block) -> Iterator[tuple[bytes | None, str, str, int, int, int]]:
    """Of each picture its bytes, its path, and what its row says of it."""
    pictures = [(cell or {}) for cell in block.values("image").to_pylist()]
    plain = [block.values(name).to_pylist() for name in _FACTS]
    for picture, *facts in zip(pictures, *plain, strict=True):
        yield picture.get("bytes"), picture.get("path") or "", *facts


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


GATE = Gate(
    title="Pictures present and whole", severity="error", check=OverBlocks(_Pictures, "images"), good=_good, bad=_bad
)
