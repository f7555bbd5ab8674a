"""How large, how heavy and how sharp a picture is says nothing about being right: candidates of both kinds are alike.

For yes/no families about two pictures, the second ones of Yes rows against those of No rows; for picks and sets the
right candidates against the others. Sharpness is measured on a keyed sample of the pictures that the version holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import simplejpeg

from schemas.gate import Gate, ToyStaged, Verdict
from schemas.keys import mix
from tasks.checking.blocks import Block, Keys, blocks
from tasks.checking.folding import OverBlocks
from tasks.checking.memory import Memory
from tasks.checking.pictures import column, keys_in
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import Judged, judged

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_IMAGES = "images[].image_id"
_MEASURES = ("size", "bytes per pixel", "sharpness")
_MOST_NUMBER = 64
_BITS = 4_096


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of wrong and right candidates: count, sum and sum of squares of each measure (2, 3, 3), and which pictures.

    `pictures` (2, bits) is set where the key of a picture falls: how many different ones there are is told by that.
    """

    figures: Floats
    pictures: Mask

    def and_of(self, other: "_Sums") -> "_Sums":
        return _Sums(self.figures + other.figures, self.pictures | other.pictures)

    @property
    def distinct(self) -> Floats:
        """About how many different pictures stand behind each side (linear counting; without bound when full)."""
        empty = (~self.pictures).sum(axis=1)
        return np.where(empty > 0, _BITS * np.log(_BITS / np.maximum(empty, 1)), np.inf)


Sums = dict[tuple[str, str], _Sums]


@dataclass(frozen=True)
class _Statistics:
    """Per family and split the mean of each measure on both sides, `margin` standard deviations apart at most."""

    staged: Memory
    parameters: Mapping[str, Any]

    @cached_property
    def measured(self) -> tuple[Keys, Floats]:
        """Keys of all stored pictures in order, and logarithms of their measures (n, 3); NaN where not measured."""
        keys, names = keys_in(self.staged, "images", "image_id"), ("width", "height", "n_bytes")
        width, height, n_bytes = (column(self.staged, "images", name).to_numpy().astype(np.float64) for name in names)
        area = np.maximum(width * height, 1)
        turn = np.argsort(keys, kind="stable")
        sharp = _sharpness(self.staged, keys, self.parameters["sharpness_images"], self.parameters["seed"])
        return keys[turn], np.stack([np.log(area), np.log(np.maximum(n_bytes, 1) / area), sharp], axis=1)[turn]

    def seen(self, block: Block) -> Sums:
        """The sums of each family and split."""
        candidate, right = _sides(block)
        row = block.rows_of(_IMAGES)[candidate]
        keys, measures = self.measured
        wanted = block.hashes(_IMAGES)[candidate]
        at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        values = measures[at] if len(keys) else np.full((len(wanted), len(_MEASURES)), np.nan)
        values[keys[at] != wanted] = np.nan
        family, split = (block.words(name) for name in ("family", "split"))
        cell = family.codes[row] * len(split.values) + split.codes[row]
        found: Sums = {}
        for one in np.unique(cell):
            name = (
                family.values[int(one) // len(split.values)].as_py(),
                split.values[int(one) % len(split.values)].as_py(),
            )
            mine = cell == one
            sides = [mine & (right[candidate] == side) for side in (False, True)]
            bits = [np.bincount(wanted[side] % np.uint64(_BITS), minlength=_BITS) > 0 for side in sides]
            found[name] = _Sums(np.stack([_sums(values[side]) for side in sides]), np.stack(bits))
        return found

    def verdict(self, seen: Sequence[Sums]) -> Verdict:
        total: Sums = {}
        for one in seen:
            for name, sums in one.items():
                total[name] = sums.and_of(total[name]) if name in total else sums
        found = [one for name in sorted(total) for one in _compared("/".join(name), total[name], self.parameters)]
        return judged(
            found,
            good="right and wrong candidates are as large, as heavy and as sharp as each other",
            remedy="Draw the strangers of these families from pictures like their matches.",
        )


def _sums(values: Floats) -> Floats:
    """Count, sum and sum of squares of each measure: (3, measures)."""
    known = ~np.isnan(values)
    plain = np.where(known, values, 0.0)
    return np.stack([known.sum(axis=0), plain.sum(axis=0), (plain**2).sum(axis=0)]).astype(np.float64)


def _sides(block: Block) -> tuple[Mask, Mask]:
    """Per shown image: is it a candidate of a question with right and wrong ones, and is it right?"""
    row, number = block.rows_of(_IMAGES), block.position(_IMAGES)
    shown = np.bincount(row, minlength=block.rows)[row]
    kind = block.words("answer.kind")
    pair = (kind.among(["yesno"])[row] & (shown == 2)) & (number == 2)
    listed = block.words("images[].role").among(["gallery", "candidate"])
    picked, several = (kind.among([name])[row] & listed for name in ("pick1", "set"))
    golds = block.rows_of("answer.gold_set[]") * _MOST_NUMBER + block.numbers("answer.gold_set[]", 0)
    member = np.isin(row * _MOST_NUMBER + number, golds)
    right = np.select(
        [pair, picked, several],
        [
            block.numbers("answer.gold_bool", -1)[row] == 1,
            block.numbers("answer.gold_index", -1)[row] == number,
            member,
        ],
        False,
    )
    return np.asarray(pair | picked | several), np.asarray(right, dtype=bool)


def _compared(cell: str, sums: _Sums, parameters: Mapping[str, Any]) -> Iterator[Judged]:
    """The standardised difference of the means of each measure (Cohen's d); a picture counts once for its error."""
    for at, measure in enumerate(_MEASURES):
        n, total, squares = (sums.figures[:, place, at] for place in range(3))
        if not n.all():
            continue
        mean = total / n
        spread = float(np.sqrt(max(float((squares / n - mean**2).mean()), 0.0)))
        gap = float(mean[1] - mean[0])
        d = gap / spread if spread > 1e-9 else float(abs(gap) > 1e-9)
        different = np.minimum(n, sums.distinct)
        error = float(np.sqrt((1 / different).sum()))
        words = f"{cell}: {measure} of {n[1]:.0f} right and {n[0]:.0f} wrong candidates differ by {d:+.2f} deviations"
        enough = bool(different.min() >= parameters["min_pictures"])
        yield Judged(cell, enough=enough, excess=abs(d) - parameters["z"] * error - parameters["margin"], words=words)


def _sharpness(staged: Memory, keys: Keys, most: int, seed: int) -> Floats:
    """The logarithm of the variance of each sampled picture's Laplacian; NaN for those not drawn or no JPEG."""
    drawn = np.zeros(len(keys), dtype=bool)
    drawn[np.argsort(mix(seed, keys), kind="stable")[:most]] = True
    found = np.full(len(keys), np.nan)
    for block in blocks(staged, "images"):
        here = np.flatnonzero(drawn[block.numbered])
        encoded = block.values("image.bytes")
        for place in here.tolist():
            found[block.numbered[place]] = _sharp(encoded[place].as_py() or b"")
    return found


def _sharp(encoded: bytes) -> float:
    if not simplejpeg.is_jpeg(encoded):
        return float("nan")
    try:
        grey = simplejpeg.decode_jpeg(encoded, colorspace="GRAY")[:, :, 0].astype(np.float64)
    except ValueError:
        return float("nan")
    across = grey[1:-1, 2:] + grey[1:-1, :-2] + grey[2:, 1:-1] + grey[:-2, 1:-1] - 4 * grey[1:-1, 1:-1]
    return float(np.log(across.var() + 1.0)) if across.size else float("nan")


def _good() -> ToyStaged:
    return toy_staged(toy_rows(160))


def _bad() -> ToyStaged:
    """The right candidates of picks are files twice as large."""
    rows = toy_rows(160)
    picks = [row for row in rows["conversations"] if row["family"] == "I2I_PICK1" and row["answer"]["gold_index"]]
    golds = {row["images"][row["answer"]["gold_index"] - 1]["image_id"] for row in picks}
    for image in rows["images"]:
        image["n_bytes"] *= 2 if image["image_id"] in golds else 1
    return toy_staged(rows)


GATE = Gate(
    title="Pictures alike in both classes", severity="error", check=OverBlocks(_Statistics), good=_good, bad=_bad
)
