"""Claims about pictures: rare and frequent values are as often right as wrong, so that no words give themselves away.

The people are drawn by key and so are the rows: every figure here is the same on every machine.
"""

from collections import Counter

import pytest
from questions_toy import caption, people, pool_of, rows_of

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


RARELY_RED = ("black", "black", "black", "black", "red")


def letters(number: int) -> str:
    """A word of its own for every number below 17,576."""
    return "".join(chr(97 + number // power % 26) for power in (676, 26, 1))


def skewed(persons: int = 400) -> Pool:
    """People before one camera, each with a value for every key."""
    images = people(persons, cameras=1, shots=1)
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


def test_a_fact_of_a_refused_description_is_wrong_no_more_often_for_being_rare() -> None:
    rows = rows_of("REFINE", skewed(1500), 2400)
    lines = [line for row in rows for line in row["rationale"]["evidence"] if len(row["rationale"]["evidence"]) == 2]
    said = Counter((line["attr"], line["value_a"]) for line in lines)
    wrong = Counter((line["attr"], line["value_a"]) for line in lines if line["verdict"] == "contradicted")
    shares = {fact: wrong[fact] / count for fact, count in said.items() if count > 200}
    assert len(shares) == 10
    assert max(abs(share - 0.5) for share in shares.values()) < 0.1


def test_a_witness_is_asked_of_rare_things_that_are_so_as_often_as_of_such_that_are_not() -> None:
    images = people(1500, cameras=1, shots=1)
    told = [
        caption(
            row["image_id"], f"A person in a {pick(RARELY_RED, row['image_id'])} jacket walks by shop {letters(at)}."
        )
        for at, row in enumerate(images)
    ]
    rows = rows_of("DIALOG_ANSWER", pool_of(images, captions=told), 2400)
    asked = Counter(
        (colour, row["subtask"])
        for row in rows
        for colour in ("black", "red")
        if row["subtask"] in ("it_is_so", "it_is_not_so") and f"the top {colour}?" in row["turns"][-2]["text"]
    )
    for colour in ("black", "red"):
        so, not_so = (asked[colour, kind] for kind in ("it_is_so", "it_is_not_so"))
        assert so + not_so > 150
        assert abs(so - not_so) < 0.16 * (so + not_so)
