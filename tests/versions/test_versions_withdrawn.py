"""A version that holds a withdrawn dataset repeats who used it and why; no other version speaks of it."""

from dataclasses import replace
from pathlib import Path

from versions_toy import toy

from schemas.recipe import SourceChoice
from tasks.versions.assemble import assemble

REASON = "Ann Example, ethics board 12/2026: comparison with published numbers."


def test_manifest_and_card_repeat_the_reason(tmp_path: Path) -> None:
    made = toy(tmp_path)
    facts = {**made.ingests[0].facts, "access_status": "withdrawn_accepted", "accepted_withdrawn": REASON}
    chosen = tuple(
        SourceChoice(name=choice.name, accept_withdrawn=REASON if i == 0 else None)
        for i, choice in enumerate(made.recipe.sources)
    )
    recipe = made.recipe.model_copy(update={"sources": chosen})
    done = assemble(recipe, made.staged, made.validated, [replace(made.ingests[0], facts=facts), *made.ingests[1:]])
    reasons = {source.name: source.accepted_withdrawn for source in done.manifest.sources}
    assert [reason for reason in reasons.values() if reason] == [REASON]
    assert done.manifest.recipe["sources"][0]["accept_withdrawn"] == REASON
    card = str(done.contents["README.md"], "utf-8")
    assert f"was withdrawn by its authors; used here because: {REASON}" in card


def test_a_version_without_one_does_not_know_the_word(tmp_path: Path) -> None:
    made = toy(tmp_path)
    done = assemble(made.recipe, made.staged, made.validated, made.ingests)
    assert b"withdrawn" not in done.data
