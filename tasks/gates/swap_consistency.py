"""Two pictures show one person or they do not: all rows about the pair agree, in whichever order and family."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from schemas.gate import Gate, Staged, ToyStaged, Verdict
from tasks.checking.rows import codes, facts, shown
from tasks.checking.toy import toy_rows, toy_staged
from tasks.checking.verdicts import first_ids


def check(staged: Staged, parameters: Mapping[str, Any]) -> Verdict:
    """Compare the yes/no answers about every unordered pair; `max_failing` rows may contradict another one."""
    rows, images = facts(staged), shown(staged)
    about_two = (np.bincount(images.row, minlength=len(rows)) == 2) & (rows.gold_bool >= 0)
    picture, here = codes(images.texts("image_id")), about_two[images.row]
    pairs = np.sort(picture[here].reshape(-1, 2), axis=1) @ np.array([picture.max(initial=0) + 1, 1])
    owner, said = np.flatnonzero(about_two), rows.gold_bool[about_two]
    _, group = np.unique(pairs, return_inverse=True)
    yes, no = np.bincount(group, said), np.bincount(group, 1 - said)
    failing = rows.sample_id[owner[((yes > 0) & (no > 0))[group]]]
    return Verdict(
        passed=len(failing) <= parameters["max_failing"],
        figure=float(len(failing)),
        summary=f"{len(yes)} pairs in {len(owner)} rows, {int(((yes + no) > 1).sum())} of them asked more than once; "
        f"{len(failing)} rows contradict another",
        failing=first_ids(failing),
        remedy="One of the rows has the wrong gold: look at the person ids of the two pictures.",
    )


def _good() -> ToyStaged:
    return _toy(flip=False)


def _bad() -> ToyStaged:
    return _toy(flip=True)


def _toy(flip: bool) -> ToyStaged:
    """A pair is asked about in both orders."""
    rows = toy_rows()
    row = next(row for row in rows["conversations"] if row["family"] == "SAME_YN")
    turned = {**row, "sample_id": f"{row['sample_id']}-turned", "images": row["images"][::-1]}
    if flip:
        turned["answer"] = {"kind": "yesno", "text": "No", "gold_bool": False}
    rows["conversations"].append(turned)
    return toy_staged(rows)


GATE = Gate(title="Pairs in both orders", severity="error", check=check, good=_good, bad=_bad)
