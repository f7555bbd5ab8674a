"""Publishing: all or nothing, once, and never against a gate."""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from versions_toy import FAMILIES, Toy, toy, verdict

from schemas.errors import BadTable, DigestMismatch, GateFailed, NotWritable, VersionExists
from tasks.versions.assemble import assemble, published_recipe
from tasks.versions.manifest import load_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.remotes.local import LocalRemote
from tasks.versions.verify import check_folder


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def other(tmp_path: Path) -> Toy:
    """A build of the same name and version with other rows."""
    return toy(tmp_path / "store", {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 5}}})


def listing(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_published_version_is_whole_and_named_by_the_digest_of_its_manifest(made: Toy, tmp_path: Path) -> None:
    done = made.publish(tmp_path / "remote")
    data = (done.folder / "manifest.json").read_bytes()
    assert done.digest == hashlib.sha256(data).hexdigest() == VersionFolder(done.folder).digest
    assert done.folder == tmp_path / "remote" / "toy" / done.digest[:12]
    check_folder(done.folder, load_manifest(data).files)
    refs = LocalRemote(tmp_path / "remote")
    assert refs.versions("toy") == {"0.1.0": done.digest}
    assert refs.latest("toy") == done.digest


def test_the_manifest_lists_every_file_sorted_and_says_where_it_came_from(made: Toy, tmp_path: Path) -> None:
    done = made.publish(tmp_path / "remote")
    manifest = VersionFolder(done.folder).manifest
    paths = [entry.path for entry in manifest.files]
    assert paths == sorted(listing(done.folder).keys() - {"manifest.json"})
    assert {"README.md", "report/gates.json", "report/build.json", "contracts/images.odcs.yaml"} <= set(paths)
    assert [source.name for source in manifest.sources] == ["market1501", "sysu_mm01"]
    assert [(source.images, source.persons, source.rejects) for source in manifest.sources] == [(6, 3, 2)] * 2
    assert manifest.models["describe/market1501"] == "grammar@1"
    assert manifest.steps["stage"] == made.staged.digest
    assert manifest.steps["validate"] == made.validated.digest


def test_nothing_of_the_machine_or_the_hour_is_in_a_version(made: Toy, tmp_path: Path) -> None:
    first = made.publish(tmp_path / "remote")
    elsewhere = toy(tmp_path / "deep" / "other-store").publish(tmp_path / "another")
    assert listing(first.folder) == listing(elsewhere.folder)
    texts = [data for name, data in listing(first.folder).items() if not name.endswith(".parquet")]
    for word in (str(tmp_path), os.uname().nodename, "/raw/"):
        assert not [text for text in texts if word.encode() in text]


def test_publishing_again_is_a_no_op(made: Toy, tmp_path: Path) -> None:
    first = made.publish(tmp_path / "remote")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "remote").rglob("*") if path.is_file()}
    assert made.publish(tmp_path / "remote") == first
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "remote").rglob("*") if path.is_file()}
    assert {k: v for k, v in after.items() if k.name != ".latest.lock"} == {
        k: v for k, v in before.items() if k.name != ".latest.lock"
    }


def test_training_settings_and_folders_are_no_part_of_a_version(made: Toy) -> None:
    effort = made.recipe.train.model_copy(update={"effort": 9.0})
    recipe = made.recipe.model_copy(update={"train": effort})
    first = assemble(made.recipe, made.staged, made.validated, made.ingests)
    assert assemble(recipe, made.staged, made.validated, made.ingests).digest == first.digest
    assert published_recipe(recipe)["sources"] == [{"name": "market1501"}, {"name": "sysu_mm01"}]


def test_other_content_under_a_published_number_is_refused_with_both_digests(made: Toy, tmp_path: Path) -> None:
    first = made.publish(tmp_path / "remote")
    before = listing(tmp_path / "remote")
    with pytest.raises(VersionExists, match="raise `version:` in the recipe") as caught:
        other(tmp_path).publish(tmp_path / "remote")
    assert first.digest[:12] in str(caught.value)
    assert caught.value.exit_code == 1
    assert listing(tmp_path / "remote") == before


def test_latest_follows_the_highest_number_and_an_older_patch_leaves_it(made: Toy, tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")
    made.publish(remote.root)
    newest = made.publish(remote.root, version="0.10.0")
    made.publish(remote.root, version="0.9.1")
    assert remote.latest("toy") == newest.digest
    assert list(remote.versions("toy")) == ["0.1.0", "0.9.1", "0.10.0"]


@pytest.mark.parametrize("lost", ["refs/0.1.0.json", "latest.json"])
def test_a_crash_between_the_steps_is_completed_by_publishing_again(made: Toy, tmp_path: Path, lost: str) -> None:
    first = made.publish(tmp_path / "remote")
    whole = listing(tmp_path / "remote")
    (tmp_path / "remote" / "toy" / lost).unlink()
    assert made.publish(tmp_path / "remote") == first
    assert listing(tmp_path / "remote") == whole


def test_a_failed_error_gate_stops_publishing_with_one_line_per_gate(tmp_path: Path) -> None:
    ids = tuple(f"market1501/{n:04d}.jpg" for n in range(9))
    verdicts = [
        verdict("references", passed=False, failing=ids),
        verdict("balance"),
        verdict("leak", passed=False, failing=("p1",)),
        verdict("wording", passed=False, severity="warning", failing=("w",)),
    ]
    with pytest.raises(GateFailed) as caught:
        toy(tmp_path / "store", verdicts=verdicts).publish(tmp_path / "remote")
    assert caught.value.exit_code == 1
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0] == (
        "references: 9 rows break it. [market1501/0000.jpg, market1501/0001.jpg, market1501/0002.jpg, "
        "market1501/0003.jpg, market1501/0004.jpg and 4 more] Remedy: Remove the rows."
    )
    assert not (tmp_path / "remote").exists()


def test_a_failed_warning_publishes_and_stands_on_the_card(tmp_path: Path) -> None:
    verdicts = [verdict("wording", passed=False, severity="warning", failing=("w",))]
    done = toy(tmp_path / "store", verdicts=verdicts).publish(tmp_path / "remote")
    card = (done.folder / "README.md").read_text()
    assert "| Wording | warning | 1 | 1 rows break it. |" in card
    assert "- Wording: 1 rows break it. Remove the rows." in card


def test_the_card_says_what_falls_short(tmp_path: Path) -> None:
    reported = [
        {"what": "train images", "official": 12936, "found": 3, "tag": "C"},
        {"what": "train persons", "official": 751, "found": 2, "tag": "C"},
        {"what": "query images", "official": 6, "found": 6, "tag": "C"},
    ]
    made = toy(tmp_path)
    facts = {**made.ingests[0].facts, "access_status": "request", "release_allowed": False, "reported": reported}
    short = {"SAME_YN": {"shortfalls": [{"split": "test", "wanted": 9, "filled": 2, "reason": "too few persons"}]}}
    staged = replace(made.staged, facts={**made.staged.facts, "composed": short})
    ingests = [replace(made.ingests[0], facts=facts), made.ingests[1]]
    card = str(assemble(made.recipe, staged, made.validated, ingests).contents["README.md"], "utf-8")
    limits = card.split("## Known limits")[1].strip().splitlines()
    assert limits[:3] == [
        "- MARKET1501 may not be redistributed: keep this version where its licence allows it.",
        "- MARKET1501 does not have the size its authors report: train images 3 of 12936.",
        "- SAME_YN, test: 2 of 9 rows wanted; too few persons.",
    ]


def test_a_staged_file_that_was_changed_is_not_published(made: Toy, tmp_path: Path) -> None:
    path = next((made.staged.folder / "data/captions").glob("*.parquet"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DigestMismatch, match="data/captions/"):
        made.publish(tmp_path / "remote")
    assert not listing(tmp_path / "remote")


def test_a_build_that_an_older_release_checked_is_to_be_built_again(made: Toy, tmp_path: Path) -> None:
    older = [{"table": "captions", "kind": "expect_column_to_exist", "arguments": {"column": "text"}, "passed": True}]
    (made.validated.folder / "expectations.json").write_text(json.dumps(older))
    with pytest.raises(BadTable, match=r"by an older release: run `reidforge build toy` again"):
        made.publish(tmp_path / "remote")
    assert not listing(tmp_path / "remote")


def test_a_remote_that_cannot_be_written_is_named_with_the_remedy(made: Toy, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(NotWritable, match="Publish to a folder you may write to"):
        made.publish(tmp_path / "file" / "remote")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_remote_without_write_permission_is_refused(made: Toy, tmp_path: Path) -> None:
    (tmp_path / "remote").mkdir(mode=0o555)
    with pytest.raises(NotWritable, match="no write permission"):
        made.publish(tmp_path / "remote")


def test_many_publishers_at_once_agree(made: Toy, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: made.publish(tmp_path / "remote"), range(8)))
    assert len({each.digest for each in done}) == 1
    folders = [path for path in (tmp_path / "remote" / "toy").iterdir() if path.is_dir() and path.name != "refs"]
    assert [path.name for path in folders] == [done[0].digest[:12]]


def test_rivals_for_one_number_leave_one_winner(tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")

    def claim(digest: str) -> str:
        try:
            remote.refer("toy", "1.0.0", digest)
        except VersionExists:
            return "lost"
        return digest

    rivals = [f"{n:064x}" for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        won = [each for each in pool.map(claim, rivals) if each != "lost"]
    assert won == [remote.versions("toy")["1.0.0"]]


def test_a_damaged_reference_is_named(made: Toy, tmp_path: Path) -> None:
    made.publish(tmp_path / "remote")
    (tmp_path / "remote" / "toy" / "refs" / "0.1.0.json").write_text(json.dumps({"half": 1}))
    with pytest.raises(DigestMismatch, match=r"toy@0\.1\.0 is damaged"):
        made.publish(tmp_path / "remote")


def test_other_people_may_read_what_was_published(made: Toy, tmp_path: Path) -> None:
    done = made.publish(tmp_path / "remote")
    parent = done.folder.parent.stat().st_mode & 0o777
    assert done.folder.stat().st_mode & 0o777 == parent
    latest = (tmp_path / "remote" / "toy" / "latest.json").stat().st_mode & 0o777
    assert latest == parent & 0o666
