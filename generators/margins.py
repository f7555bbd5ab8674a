"""Baseline margins: how much nearer to the query a frozen encoder sees the match than the nearest wrong candidate.

    mine: {margins: true}                                       # keep the encoder's vectors of the training pictures
    options: {shares: {margin: {wrong: 2, narrow: 2, wide: 1}}} # most rows where the baseline errs or hesitates

The margin of a row is the cosine distance to its nearest wrong candidate less that to its match (of several matches,
the farthest; in a row without a match, the one that was left out). At zero and below the baseline is `wrong`, up to the
option `narrow` (0.05) it is `narrow`, from there on `wide`. Both rows of a twin have the margin of their pair, so it
gives no answer away. Vectors are whole numbers, so margins are exact and the same on every machine.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from generators.mining import SCALE
from schemas.question import MARGINS, NOBODY, Ask, Flags, Ints, Pool

NARROW = 0.05
UNSEEN = np.iinfo(np.int64).min
_WHOLE = int(SCALE * SCALE)


def margin_columns(ask: Ask, anchors: Ints, match: Ints, shown: Ints, wrong: Flags) -> dict[str, Ints]:
    """Columns of units: `margin`, an index of MARGINS, and `lead`, the margin in units of 2^-22; none without vectors.

    `shown` and `wrong` are (n, w): what a row shows beside its anchor, and which of it is not the person wanted. Where
    the encoder did not see one of the pictures, `margin` is NOBODY and `lead` UNSEEN.
    """
    if ask.pool.seen is None:
        return {}
    own, near = _alike(ask.pool, anchors, match), np.full(len(anchors), UNSEEN)
    lost = own == UNSEEN
    for column, is_wrong in zip(shown.T, wrong.T, strict=True):
        alike = _alike(ask.pool, anchors, column)
        lost |= (column >= 0) & (alike == UNSEEN)
        near = np.where(is_wrong & (column >= 0), np.maximum(near, alike), near)
        own = np.where(~is_wrong & (column >= 0), np.minimum(own, alike), own)
    lead = np.where(lost | (near == UNSEEN), 0, own - np.where(near == UNSEEN, 0, near))
    lost |= near == UNSEEN
    bound = float(ask.options.get("narrow", NARROW)) * _WHOLE
    names = [MARGINS.index(name) for name in ("wrong", "narrow", "wide")]
    margin = np.select([lost, lead <= 0, lead < bound], [NOBODY, *names[:2]], names[2])
    return {"margin": margin.astype(np.int64), "lead": np.where(lost, UNSEEN, lead)}


def _alike(pool: Pool, one: Ints, other: Ints) -> Ints:
    """The product of two pictures' vectors, a whole number; UNSEEN where one of them has none."""
    if pool.seen is None:
        return np.full(len(one), UNSEEN)
    inside = (one >= 0) & (other >= 0) & (one < pool.size) & (other < pool.size)
    first, second = (pool.seen[np.where(inside, at, 0)].astype(np.float32) for at in (one, other))
    inside &= first.any(axis=1) & second.any(axis=1)
    return np.where(inside, np.einsum("nd,nd->n", first, second).astype(np.int64), UNSEEN)


def margin_remarks(columns: Mapping[str, Ints]) -> tuple[pa.Array, ...]:
    """What `quality.flags` say of each row: `margin_narrow` and `ahead_0_031`, null where it is unknown."""
    if "lead" not in columns:
        return ()
    margin, lead = columns["margin"], columns["lead"]
    unknown = margin == NOBODY
    named = pa.array([f"margin_{name}" for name in MARGINS]).take(pa.array(np.where(unknown, 0, margin), mask=unknown))
    steps, at = np.unique(np.rint(np.where(unknown, 0, lead) * (1000 / _WHOLE)).astype(np.int64), return_inverse=True)
    numbers = pa.array([_told(step) for step in steps.tolist()], pa.string())
    return named, numbers.take(pa.array(at.reshape(-1), mask=unknown))


def _told(thousandths: int) -> str:
    """`ahead_0_031`, `behind_0_013`: what a flag may consist of leaves no room for signs and points."""
    return f"{'behind' if thousandths < 0 else 'ahead'}_{abs(thousandths) / 1000:.3f}".replace(".", "_")
