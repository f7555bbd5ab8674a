"""SYSU-MM01's permutations: read where they usually stand, and refused in one sentence when they are none."""

import numpy as np
import pytest
from sources_toy import ToyTree

from generators.sample.mat_files import column_cell, mat_v5
from generators.sources.sysu_mm01 import SOURCE
from schemas.rows import Reject

PLACES = ("exp/rand_perm_cam.mat", "data_split/rand_perm_cam.mat", "rand_perm_cam.mat")


def mat(person_1: list[list[int]], cameras: int = 6) -> bytes:
    """Camera 1 has permutations of person 1 (none of person 2), the other cameras of nobody."""
    nobody = np.zeros((0, 0))
    cells = [column_cell([np.array(person_1, float) if camera == 0 else nobody, nobody]) for camera in range(cameras)]
    return mat_v5({"rand_perm_cam": column_cell(cells)})


GOOD = [[1 + (place + trial) % 12 for place in range(12)] for trial in range(10)]


@pytest.mark.parametrize("place", PLACES)
def test_ten_places_of_every_trial_are_kept_in_their_order(place: str) -> None:
    found = SOURCE.lists(ToyTree({place: mat(GOOD)}))
    assert found == {"rand_perm_cam": {"sysu_mm01:c1/0001": [row[:10] for row in GOOD]}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MATLAB",
        mat(GOOD, cameras=4),
        mat([[1, 1]] * 10),
        mat([[0, 1]] * 10),
        mat([[1, 2, 3]] * 3),
        mat_v5({"x": 1}),
    ],
)
def test_a_file_that_holds_something_else_is_one_refusal_and_no_list(data: bytes) -> None:
    tree = ToyTree({"exp/rand_perm_cam.mat": data})
    assert SOURCE.lists(tree) == {}
    refused = [row for row in SOURCE.read(tree) if isinstance(row, Reject) and "rand_perm" in row.subject]
    assert [row.reason for row in refused] == ["damaged"]
    assert "permutations cannot be read" in refused[0].detail


def test_without_the_file_there_is_no_list_and_no_complaint() -> None:
    tree = ToyTree({})
    assert SOURCE.lists(tree) == {}
    assert not [row for row in SOURCE.read(tree) if isinstance(row, Reject) and "rand_perm" in row.subject]
