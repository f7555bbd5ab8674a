"""Claims about pictures: rare and frequent values are as often right as wrong, so that no words give themselves away.

The people are drawn by key and so are the rows: every figure here is the same on every machine.
"""

from collections import Counter

import pytest
from questions_toy import people, pool_of, rows_of

from schemas.keys import pick
from schemas.question import Pool

SKEWED = {
    "headwear": ("none",) * 9 + ("cap",),
    "hair_length": ("short",) * 7 + ("long",),
    "upper_type": ("coat", "coat", "coat", "coat", "t_shirt"),
    "lower_type": ("jeans", "jeans", "jeans", "skirt"),
    "footwear_type": ("sneakers", "sneakers", "sneakers", "boots"),
    "glasses": ("none", "none", "none", "glasses"),
}
"""A value of each key that most people show, and rarer ones."""


def skewed() -> Pool:
    """Four hundred people before one camera, each with a value for every key."""
    images = people(400, cameras=1, shots=1)
    told = [
        {"attribute_id": f"{row['image_id']} {key}", "attribute_source": "human", "level": "image", "key": key}
        | {"image_id": row["image_id"], "value": pick(values, key, str(row["image_id"]))}
        for row in images
        for key, values in SKEWED.items()
    ]
    return pool_of(images, attributes=told)


@pytest.fixture(scope="module")
def rated() -> Counter[tuple[str, str]]:
    """How often each part is supported and contradicted, over rows that rate three parts."""
    rows = rows_of("CAP_FIX", skewed(), 6000, shares={"subtask": {"rate": 1}}, per_image=400)
    parts = [row["answer"]["text"].split("; ") for row in rows]
    return Counter(_verdict(part) for listed in parts if len(listed) == 3 for part in listed)


def _verdict(part: str) -> tuple[str, str]:
    text, verdict = part.split(": ")
    return text, verdict


@pytest.mark.parametrize(
    ("frequent", "rare"),
    [
        ("no headwear", "a cap"),
        ("short hair", "long hair"),
        ("a coat", "a T-shirt"),
        ("jeans", "a skirt"),
        ("sneakers", "boots"),
        ("no glasses", "glasses"),
    ],
)
def test_a_rare_part_is_wrong_no_more_often_than_a_frequent_one(
    rated: Counter[tuple[str, str]], frequent: str, rare: str
) -> None:
    wrong = {text: rated[text, "contradicted"] for text in (frequent, rare)}
    said = {text: wrong[text] + rated[text, "supported"] for text in (frequent, rare)}
    assert min(said.values()) > 150
    shares = [wrong[text] / said[text] for text in (frequent, rare)]
    assert abs(shares[0] - shares[1]) < 0.05
