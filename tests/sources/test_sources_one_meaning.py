"""One person, a woman with a backpack, in five encodings: whatever stands for yes in a file, the rows say the same."""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import scipy.io
from sources_toy import ToyTree

from schemas.discovery import find
from schemas.rows import Attribute, Reject
from schemas.source import Source

PA100K = ["Female", "Backpack", *(f"unused{n}" for n in range(24))]


def cell(items: Sequence[Any]) -> Any:
    column = np.empty((len(items), 1), dtype=object)
    column[:, 0] = list(items)
    return column


def saved(**values: Any) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, values)
    return file.getvalue()


def market() -> bytes:
    """Codes 1 and 2, where 2 is female and 2 is yes, by identity; the fields in another order in each struct."""
    train = {"image_index": cell(["0002"]), "gender": np.array([[2]]), "backpack": np.array([[2]])}
    test = {"backpack": np.array([[1]]), "gender": np.array([[1]]), "image_index": cell(["0001"])}
    return saved(market_attribute={"train": train, "test": test})


def pa100k() -> bytes:
    """1 is yes and Female is a label."""
    values: dict[str, Any] = {"attributes": cell(PA100K)}
    for split, name in (("train", "000001.jpg"), ("val", "000002.jpg"), ("test", "000003.jpg")):
        values |= {f"{split}_images_name": cell([name]), f"{split}_label": np.array([[1.0, 1.0, *[0.0] * 24]])}
    return saved(**values)


def peta() -> bytes:
    """1 is yes and Male is the label; the labels begin in the fifth column."""
    names = ["personalMale", "carryingBackpack", *(f"unused{n}" for n in range(103))]
    one = {role: np.array([[row]]) for row, role in enumerate(("train", "val", "test"), start=1)}
    table = np.array([[7.0] * 4 + [0.0, 1.0] + [0.0] * 103] * 3)
    chosen = np.arange(1, 36)
    return saved(peta={"data": table, "names": cell(names), "chosen": chosen, "partition": cell([one])})


def mals() -> bytes:
    """0 is the first alternative (woman) and presence (has a backpack), -1 says nothing."""
    label = [0 if place in (0, 4) else -1 for place in range(27)]
    record = {"image": "gene_crop/a/0.jpg", "caption": "a woman", "image_id": "a_0", "label": label}
    return json.dumps([record]).encode()


FILES = {
    "market1501": ("market_attribute.mat", market, "bounding_box_train/0002_c1s1_000451_03.jpg", "person"),
    "pa100k": ("annotation.mat", pa100k, "data/000001.jpg", "image"),
    "peta": ("PETA.mat", peta, "images/00001.png", "image"),
    "mals": ("gene_attrs/g_c_g_a_0_attrs.json", mals, "gene_crop/a/0.jpg", "image"),
    "synth_pedes": (
        "synthpedes_dataset.json",
        lambda: json.dumps(
            [
                {
                    "id": 7, "file_path": "Part1/7/1.jpg", "captions": ["A woman."], "prompt_caption": [],
                    "attributes": ["woman,unknown,unknown,unknown,unknown,backpack"],
                }
            ]
        ).encode(),
        "Part1/7/1.jpg",
        "image",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_woman_with_a_backpack_is_one_in_every_encoding(name: str) -> None:
    at, make, image, level = FILES[name]
    source: Source = find("generators.sources", "SOURCE", name)
    rows = list(source.attributes(ToyTree({image: b"", at: make()})))
    subject = "market1501:0002" if level == "person" else f"{name}/{image}"
    said = {
        row.key: row.value
        for row in rows
        if isinstance(row, Attribute) and subject in (row.person_key, row.image_id) and row.level == level
    }
    assert said["gender_presentation"] == "feminine"
    assert said.get("backpack") == "yes" or said.get("carried_object") == "backpack"
    assert not [row for row in rows if isinstance(row, Reject) and row.reason in {"bad_base", "impossible_value"}]
