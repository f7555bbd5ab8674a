"""The leak gate follows clusters, tells the evidence, and lets through what the recipe accepts, aloud."""

from typing import Any

import pytest

from schemas.gate import Verdict
from tasks.checking.runner import run_gates, wishes_of
from tasks.checking.toy import Rows, toy_rows, toy_staged
from tasks.contracts.load import load_contracts
from tasks.gates.identity_leak import GATE

WHY = "the benchmark is trained this way in all papers"


def judged(rows: Rows, *accepted: dict[str, str]) -> Verdict:
    return GATE.check(toy_staged(rows), {"max_failing": 0, "accepted": accepted})


def linked(*pairs: tuple[str, str]) -> Rows:
    """The toy version with these links instead of its own, every pair in a cluster of its own name."""
    rows = toy_rows()
    rows["identity_links"] = [
        {"person_a": a, "person_b": b, "reason": "near_duplicate", "distance": 3, "cluster": a}
        | {"evidence_a": f"{a}.jpg", "evidence_b": f"{b}.jpg"}
        for a, b in pairs
    ]
    return rows


def test_a_person_linked_over_another_one_leaks_and_the_message_walks_the_evidence() -> None:
    verdict = judged(linked(("other:1", "toy:0000"), ("other:1", "toy:0006")))
    assert not verdict.passed
    assert "rows of train show a person linked to one of a protocol or of the test split" in verdict.summary
    assert (
        "evidence: toy:0000 = other:1 (near_duplicate, 3 bits: toy:0000.jpg ~ other:1.jpg)"
        " = toy:0006 (near_duplicate, 3 bits: other:1.jpg ~ toy:0006.jpg)"
    ) in verdict.summary
    assert all("toy:0000" in name or name.startswith(("same-", "pick-")) for name in verdict.failing)
    assert "link: accept" in verdict.remedy


def test_a_cluster_that_its_pairs_do_not_show_still_counts() -> None:
    rows = linked(("other:1", "toy:0000"), ("other:2", "toy:0006"))
    rows["identity_links"][1]["cluster"] = "other:1"
    assert not judged(rows).passed


def test_a_person_of_no_split_who_is_in_a_gallery_is_held_out() -> None:
    rows = linked(("toy:0000", "toy:0007"))
    for image in rows["person_images"]:
        if image.get("person_key") == "toy:0007":
            image["split"] = "none"
    rows["conversations"] = [row for row in rows["conversations"] if "toy:0007" not in str(row["images"])]
    assert not judged(rows).passed


@pytest.mark.parametrize("names", [("toy:0000", "toy:0006"), ("toy", "toy"), ("toy:0000", "toy")])
def test_an_accepted_overlap_passes_and_is_told_with_its_reason(names: tuple[str, str]) -> None:
    verdict = judged(linked(("toy:0000", "toy:0006")), {"train": names[0], "test": names[1], "reason": WHY})
    assert verdict.passed
    assert f"accepted: 1 trained persons who are tested too, because: {WHY}" in verdict.summary


def test_another_overlap_than_the_accepted_one_still_fails() -> None:
    rows = linked(("toy:0000", "toy:0006"), ("toy:0001", "toy:0007"))
    verdict = judged(rows, {"train": "toy:0000", "test": "toy:0006", "reason": WHY})
    assert not verdict.passed
    assert "evidence: toy:0001 = toy:0007" in verdict.summary
    assert "accepted: 1 trained persons" in verdict.summary


def test_a_copied_test_picture_is_excused_only_with_its_person() -> None:
    def copied(*pairs: tuple[str, str]) -> Rows:
        rows = linked(*pairs)
        shown = {row["image_id"]: row for row in rows["images"]}
        shown["toy/train/0000_c1_000100.jpg"]["sha256"] = shown["toy/test/0006_c1_000100.jpg"]["sha256"]
        return rows

    accepted = {"train": "toy:0000", "test": "toy:0006", "reason": WHY}
    assert not judged(copied(), accepted).passed
    assert judged(copied(("toy:0000", "toy:0006")), accepted).passed


def test_the_runner_hands_the_recipes_wishes_to_the_gate() -> None:
    recipe: dict[str, Any] = {"link": {"accept": [{"train": "toy", "test": "toy", "reason": WHY}]}}
    staged = toy_staged(linked(("toy:0000", "toy:0006")))
    for wishes, passed in ((wishes_of(recipe), True), (wishes_of({}), False)):
        found = {name: verdict for name, _, verdict in run_gates(staged, load_contracts(), wishes)}
        assert found["identity_leak"].passed is passed
