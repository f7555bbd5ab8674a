"""What the trainer reads of a version: nobody who is linked to a tested person, but whom the recipe accepts."""

from pathlib import Path

import pytest
from training_toy import Toy

from tasks.checking.toy import toy_rows, write_toy
from tasks.training.reading import read_split

ACCEPTED = {"train": "toy:0000", "test": "toy:0006", "reason": "a test of the reader"}


@pytest.mark.parametrize(("accepted", "persons"), [((), 3), ((ACCEPTED,), 4)])
def test_a_training_person_linked_to_a_tested_one_is_not_read(
    tmp_path: Path, accepted: tuple[dict[str, str], ...], persons: int
) -> None:
    rows = toy_rows()
    rows["identity_links"][0] |= {"person_b": "toy:0006", "evidence_b": "toy:0006"}
    write_toy(tmp_path, rows)
    version = Toy(tmp_path)
    version.accepted = accepted
    data = read_split(version, "train", ())
    assert len(set(data.person.tolist())) == persons
    assert any("/0000_" in name for name in data.pictures.image_ids) is bool(accepted)
