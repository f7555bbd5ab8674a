"""SYSU-MM01's fixed permutations: which images of every person and camera each of ten trials ranks.

`rand_perm_cam.mat` holds six cells (cameras) of one cell per person number, each a matrix of 10 x n: row t lists the n
images of that person and camera, counted from 1 in name order, as trial t draws them. Only the first ten places of
the visible cameras are kept, for no protocol takes more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from generators.mat_file import read_variable
from schemas.errors import BadRawData, BadTable
from schemas.source import RawTree

LIST_NAME = "rand_perm_cam"
_PLACES = (
    "exp/rand_perm_cam.mat", "rand_perm_cam.mat", "data_split/rand_perm_cam.mat",
    "evaluation/data_split/rand_perm_cam.mat",
)  # fmt: skip
_TRIALS, _TAKEN = 10, 10
_VISIBLE = (1, 2, 4, 5)
_LIMIT = 64 << 20


def permutations_file(tree: RawTree) -> str | None:
    """Where the permutations stand, in one of their usual places."""
    there = {file.relpath for file in tree.files()}
    return next((place for place in _PLACES if place in there), None)


def read_permutations(tree: RawTree, where: str) -> dict[str, list[list[int]]]:
    """{"sysu_mm01:c1/0006": [[places of trial 0], ...]}. Raises BadTable when the file holds something else."""
    try:
        cameras = read_variable(tree.read(where, _LIMIT), LIST_NAME)
    except BadRawData as error:
        raise BadTable(str(error)) from error
    if not isinstance(cameras, list) or len(cameras) != 6 or not all(isinstance(cell, list) for cell in cameras):
        raise BadTable("its rand_perm_cam is not six cells of cells, one per camera")
    return {
        f"sysu_mm01:c{camera}/{person:04d}": rows
        for camera in _VISIBLE
        for person, rows in _of_camera(cameras[camera - 1], camera)
    }


def _of_camera(cells: list[Any], camera: int) -> Iterator[tuple[int, list[list[int]]]]:
    for person, numbers in enumerate(cells, start=1):
        if isinstance(numbers, np.ndarray) and not numbers.size:
            continue
        yield person, _rows(numbers, f"camera {camera}, person {person}")


def _rows(numbers: Any, what: str) -> list[list[int]]:
    """The rows of a matrix that is stored column by column; each must be a permutation of 1..n."""
    if not isinstance(numbers, np.ndarray) or numbers.size % _TRIALS:
        raise BadTable(f"its {what} is not a matrix of {_TRIALS} rows")
    rows = numbers.reshape(-1, _TRIALS).T
    if not (np.sort(rows, axis=1) == np.arange(1, rows.shape[1] + 1)).all():
        raise BadTable(f"its {what} does not hold permutations of the numbers from 1 to {rows.shape[1]}")
    return [[int(number) for number in row[:_TAKEN]] for row in rows]


def lists(tree: RawTree) -> Mapping[str, Any]:
    """The list `rand_perm_cam`, where a file holds it that can be read."""
    where = permutations_file(tree)
    try:
        return {LIST_NAME: read_permutations(tree, where)} if where else {}
    except BadTable:
        return {}
