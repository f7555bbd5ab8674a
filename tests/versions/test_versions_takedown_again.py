"""A takedown that was cut off goes on and tells the whole of it; done again it says so; nothing is left loose."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_state import Hub
from typer.testing import CliRunner
from versions_toy import FAMILIES, Toy, toy, validated, verdict

from flows.cli import app
from schemas.errors import BadTable, WrongUse
from tasks.generations.about import About
from tasks.generations.segments import Row
from tasks.generations.store import GenerationStore
from tasks.steps.takedown import takedown
from tasks.versions.manifest import load_manifest
from tasks.versions.remote import Remote, open_remote
from tasks.versions.takedown.doomed import Doomed
from tasks.versions.takedown.lost import lost_rows
from tasks.versions.takedown.receipt import Receipt
from tasks.versions.takedown.scan import remains, to_be_deleted

PERSON = "market1501:1"
OTHERS = "market1501:0"
KINDS = ("folder", "objects", "hub")
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own


@pytest.fixture
def remotes(hub: Hub, tmp_path: Path) -> dict[str, str]:
    return {"folder": str(tmp_path / "remote"), "objects": f"memory://{tmp_path.name}", "hub": "hub://lab/toy"}


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


@pytest.fixture(autouse=True)
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks of a successor, which other tests look at, take seconds each: here they are done beforehand."""
    done = validated(tmp_path / "checked", [verdict("references")])
    monkeypatch.setattr("tasks.versions.takedown.successor.validate", lambda *_: done)


def journals(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache" / "takedowns").glob("*"))


class Stopped(BaseException):
    """What a kill is to the code that runs: nothing catches it."""


def stopped_at(place: Remote, at: int, patch: pytest.MonkeyPatch) -> None:
    """Stop at the `at`-th write to a remote: before it is done when `at` is even, after it when it is odd."""
    calls = iter(range(1_000))

    def stopping(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            here = next(calls) == at // 2
            if here and at % 2 == 0:
                raise Stopped
            done = work(*args)
            if here:
                raise Stopped
            return done

        return run

    for name in ("put", "refer", "advance", "revoke", "drop", "purge"):
        patch.setattr(type(place), name, stopping(getattr(type(place), name)))


def told(receipt: Receipt) -> list[dict[str, Any]]:
    assert receipt.remains == []
    return receipt.versions


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_at_any_write_the_next_run_ends_it_and_its_receipt_tells_every_file_and_row(
    kind: str, made: Toy, remotes: dict[str, str], hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = ("0.1.0", "0.2.0") if kind == "folder" else ("0.1.0",)
    stops, whole, at = 0, None, -1
    while whole is None or at <= stops:
        hub.repos.clear()
        hub.tags.clear()
        remote = remotes[kind] if kind == "hub" else f"{remotes[kind]}{at + 1}"
        for version in versions:
            made.publish(Path(remote) if kind == "folder" else remote, version=version)
        place = open_remote(remote)
        if whole is None:
            whole = told(takedown(remote, PERSON, "asked"))
            stops = 2 * (5 * len(versions) + 1)
            at = 0
            continue
        with monkeypatch.context() as patch:
            stopped_at(place, at, patch)
            try:
                takedown(remote, PERSON, "asked")
            except Stopped:
                assert len(journals(tmp_path)) == 1
            else:
                assert at == stops
        receipt = takedown(remote, PERSON, "asked")
        assert told(receipt) == whole, at
        assert receipt.pictures == 4
        assert receipt.already == (at == stops)
        assert not journals(tmp_path)
        at += 1
    assert sum(file["rows"] for file in whole[0]["files"]) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_takedown_done_before_is_told_and_is_no_wrong_use(kind: str, made: Toy, remotes: dict[str, str]) -> None:
    made.publish(Path(remotes[kind]) if kind == "folder" else remotes[kind])
    first = takedown(remotes[kind], PERSON, "asked", signed_by="A. Keeper")
    second = takedown(remotes[kind], PERSON, "asked again")
    assert (first.already, second.already) == (False, True)
    assert told(second) == told(first)
    assert second.pictures == first.pictures == 4
    assert takedown(remotes[kind], PERSON, "would", dry=True).versions == first.versions
    with pytest.raises(WrongUse, match=r"knows the person 'market1501:77', and none was taken down from it"):
        takedown(remotes[kind], "market1501:77", "asked")


def test_the_receipt_of_a_takedown_stays_when_it_is_done_again(
    made: Toy, remotes: dict[str, str], tmp_path: Path
) -> None:
    made.publish(Path(remotes["folder"]))
    receipt = tmp_path / "receipt.json"
    asked = [
        "takedown",
        "--person",
        PERSON,
        "--reason",
        "asked",
        "--from",
        remotes["folder"],
        "--receipt",
        str(receipt),
    ]
    assert CliRunner().invoke(app, asked).exit_code == 0
    signed = receipt.read_bytes()
    again = CliRunner().invoke(app, asked)
    assert again.exit_code == 0
    assert "was taken down before: market1501:1, 4 pictures" in again.output
    assert receipt.read_bytes() == signed
    assert json.loads(signed)["versions"][0]["files"]


def test_a_remote_never_names_the_person_whom_it_took_down(made: Toy, remotes: dict[str, str]) -> None:
    made.publish(Path(remotes["folder"]))
    takedown(remotes["folder"], PERSON, "asked")
    revoked = [path.read_text() for path in Path(remotes["folder"]).rglob("revoked/*.json")]
    assert len(revoked) == 1
    assert PERSON not in revoked[0]


@pytest.mark.parametrize("kind", KINDS)
def test_unreferred_versions_and_lost_uploads_that_show_the_person_go_and_others_stay(
    kind: str, made: Toy, remotes: dict[str, str], hub: Hub, tmp_path: Path
) -> None:
    remote = Path(remotes[kind]) if kind == "folder" else remotes[kind]
    place = open_remote(remote)
    lost = toy(tmp_path / "store", {**FAMILIES, "SAME_YN": {"stage": 2, "rows": {"train": 5}}}).publish(
        remote, version="0.0.9"
    )
    unrefer(place, remotes[kind], hub)
    made.publish(remote)
    manifest = load_manifest(place.open("toy", lost.digest).manifest())
    theirs = {entry.sha256 for entry in manifest.files if entry.path.startswith("data/images/")}
    assert len(theirs) == 2
    strays = stray(place, remotes[kind], hub, made)
    (tmp_path / "free").write_bytes(b"nothing of anybody")
    if kind == "objects":
        place.fs.put_file(str(tmp_path / "free"), f"{place.root}/toy/objects/{'d' * 64}")
    receipt = takedown(remotes[kind], PERSON, "asked")
    assert receipt.remains == []
    assert receipt.loose
    left = everything(place, remotes[kind], hub)
    assert left.isdisjoint(theirs | strays)
    assert ("d" * 64 in left) == (kind == "objects")
    assert takedown(remotes[kind], PERSON, "asked").loose == []


def unrefer(place: Any, remote: str, hub: Hub) -> None:
    """Forget the reference of version 0.0.9, as if its publisher had been killed before it."""
    if remote.startswith("hub:"):
        hub.tags.clear()
    elif remote.startswith("memory:"):
        place.fs.rm_file(f"{place.root}/toy/refs/0.0.9.json")
    else:
        (Path(remote) / "toy/refs/0.0.9.json").unlink()
        (Path(remote) / "toy/latest.json").unlink()


def stray(place: Any, remote: str, hub: Hub, made: Toy) -> set[str]:
    """Leave what a cut off upload leaves: a pack that shows the person, under no manifest. Its sha256s."""
    pack = next((made.store / "packs" / "market1501").glob("*.parquet"))
    torn = pack.read_bytes()[:-9]
    if remote.startswith("hub:"):
        hub.objects["e" * 64] = torn
        hub.sent.append("e" * 64)
    elif remote.startswith("memory:"):
        place.fs.pipe_file(f"{place.root}/toy/objects/{'e' * 64}", torn)
    else:
        (Path(remote) / "toy/.draft-1").mkdir()
        (Path(remote) / f"toy/.draft-1/{'e' * 64}").write_bytes(torn)
    return {"e" * 64}


def everything(place: Any, remote: str, hub: Hub) -> set[str]:
    """The names, or else the sha256s, of all that is stored."""
    if remote.startswith("hub:"):
        return set(hub.objects)
    if remote.startswith("memory:"):
        return set(place.objects("toy"))
    held = [path for path in Path(remote).rglob("*") if path.is_file()]
    return {path.name for path in held} | {open_remote(remote) and sha(path) for path in held}


def sha(path: Path) -> str:
    from schemas.keys import file_sha256

    return file_sha256(path)


def test_a_remote_in_the_store_that_was_not_named_is_told_with_the_remedy(
    made: Toy, remotes: dict[str, str], tmp_path: Path
) -> None:
    made.publish(Path(remotes["folder"]))
    done = made.publish(tmp_path / "store" / "shelf")
    shutil.copytree(done.folder, tmp_path / "store" / "copy")
    receipt = takedown(remotes["folder"], PERSON, "asked", tmp_path / "store")
    assert {Path(name).relative_to(tmp_path / "store").parts[0] for name in receipt.remains} == {"shelf", "copy"}
    shelf, copy = tmp_path / "store" / "shelf", tmp_path / "store" / "copy"
    assert receipt.remedies == [
        f"{str(copy)!r} is a copy of a version: delete it, and pull the successor.",
        f"{str(shelf)!r} holds published versions of its own: take the person down there as well, with --from {shelf}.",
    ]
    shutil.rmtree(copy)
    takedown(shelf, PERSON, "asked", tmp_path / "store")
    elsewhere = takedown(remotes["folder"], PERSON, "asked")
    store = str(tmp_path / "store")
    assert (elsewhere.remains, elsewhere.unseen, elsewhere.done) == ([], [store], False)
    assert elsewhere.remedies == [
        f"The store {store!r} belongs to this takedown and was not looked through now: run it again with "
        f"--store {store}."
    ]
    assert journals(tmp_path)
    again = takedown(remotes["folder"], PERSON, "asked", tmp_path / "store")
    assert again.remains == again.remedies == []
    assert not journals(tmp_path)


def test_what_a_run_without_the_store_does_not_look_at_is_found_by_the_next_with_it(
    made: Toy, remotes: dict[str, str], tmp_path: Path
) -> None:
    made.publish(Path(remotes["folder"]))
    kept = tmp_path / "store" / "kept.parquet"
    pack = next((made.store / "packs" / "market1501").glob("*.parquet"))
    table = pq.read_table(pack, partitioning=None)
    pq.write_table(table.select(["image"]), kept)  # pictures without names: only their digests tell
    first = takedown(remotes["folder"], PERSON, "asked", tmp_path / "store")
    assert first.remains == [str(kept)]
    takedown(remotes["folder"], PERSON, "asked")
    assert takedown(remotes["folder"], PERSON, "asked", tmp_path / "store").remains == [str(kept)]
    kept.unlink()
    assert takedown(remotes["folder"], PERSON, "asked", tmp_path / "store").done


def test_a_store_that_is_gone_keeps_no_takedown_open(made: Toy, remotes: dict[str, str], tmp_path: Path) -> None:
    made.publish(Path(remotes["folder"]))
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.json").write_text(json.dumps({"seen": sorted(digests_of(made))[0]}))
    assert takedown(remotes["folder"], PERSON, "asked", other).remains == [str(other / "notes.json")]
    shutil.rmtree(other)
    assert takedown(remotes["folder"], PERSON, "asked").done
    assert not journals(tmp_path)


def digests_of(made: Toy) -> set[str]:
    """The digests of the pictures of the person."""
    pack = pq.read_table(next((made.store / "packs" / "market1501").glob("*.parquet")), partitioning=None)
    people = made.store.glob("steps/ingest/*/*.parquet")
    tables = (pq.read_table(path, partitioning=None) for path in sorted(people))
    mine = {
        image
        for table in tables
        if {"person_key", "image_id"} <= set(table.column_names)
        for image, key in zip(*(table.column(name).to_pylist() for name in ("image_id", "person_key")), strict=True)
        if key == PERSON
    }
    ids, sums = (pack.column(name).to_pylist() for name in ("image_id", "sha256"))
    return {found for image, found in zip(ids, sums, strict=True) if image in mine}


def test_what_killed_builds_leave_of_people_goes_and_a_draft_that_nobody_can_read(
    made: Toy, remotes: dict[str, str], tmp_path: Path
) -> None:
    made.publish(Path(remotes["folder"]))
    store = tmp_path / "store"
    people, torn = store / ".people-x1" / "people-train", store / "steps/describe/.draft-0f/captions.parquet"
    for place in (people / "ids.arrow", torn):
        place.parent.mkdir(parents=True)
        place.write_bytes(b"PAR1 market1501/0001.jpg")
    receipt = takedown(remotes["folder"], PERSON, "asked", store)
    assert receipt.done
    assert {".people-x1", "steps/describe/.draft-0f"} <= set(receipt.store)
    assert not people.exists()
    assert not torn.exists()


def test_rows_about_an_outfit_of_the_person_and_rows_that_were_made_hard_with_them_go_too() -> None:
    doomed = Doomed(frozenset({"ltcc:1"}), frozenset({"ltcc/1.jpg"}))
    outfits = pa.table({"clothes_key": ["ltcc:1/2", "ltcc:11/2", None, "ltcc:1"]})
    assert lost_rows(outfits, doomed, frozenset()).tolist() == [True, False, False, True]
    negatives = pa.table(
        {"negatives": [[{"ref": "ltcc/1.jpg"}], [{"ref": "ltcc/11.jpg"}], [], [{"ref": "ltcc/2.jpg#0"}]]}
    )
    assert lost_rows(negatives, doomed, frozenset({"ltcc/2.jpg#0"})).tolist() == [True, False, False, True]


def test_a_text_with_the_digest_of_a_picture_is_found(tmp_path: Path) -> None:
    digest = "0f" * 32
    doomed = Doomed(frozenset({PERSON}), frozenset({"market1501/0002.jpg"}), frozenset({digest}))
    (tmp_path / "report.json").write_text(json.dumps({"failing": [digest]}))
    (tmp_path / "other.json").write_text(json.dumps({"failing": ["0e" * 32]}))
    (tmp_path / "named.bin").write_bytes(b"\x00 market1501/0002.jpg \x00")
    assert remains(sorted(tmp_path.glob("*.json")), doomed) == [tmp_path / "report.json"]
    assert [path.name for path in sorted(tmp_path.glob("*.*")) if to_be_deleted(path, doomed)] == [
        "named.bin",
        "report.json",
    ]


def test_a_damaged_journal_is_told_with_the_remedy(made: Toy, remotes: dict[str, str], tmp_path: Path) -> None:
    made.publish(Path(remotes["folder"]))
    with pytest.MonkeyPatch.context() as patch:
        stopped_at(open_remote(remotes["folder"]), 0, patch)
        with pytest.raises(Stopped):
            takedown(remotes["folder"], PERSON, "asked")
    [journal] = journals(tmp_path)
    journal.write_bytes(journal.read_bytes()[:40])
    with pytest.raises(BadTable, match="delete it, and take the person down again"):
        takedown(remotes["folder"], PERSON, "asked")
    journal.unlink()
    assert told(takedown(remotes["folder"], PERSON, "asked"))


def test_purged_answers_are_overwritten_and_torn_logs_that_quote_them_go(
    made: Toy, remotes: dict[str, str], tmp_path: Path
) -> None:
    made.publish(Path(remotes["folder"]))
    where, about = made.store / "generations", About(kind="caption", subject="market1501/0002.jpg")
    other = About(kind="caption", subject="market1501/0000.jpg")
    with GenerationStore(where) as store, store.written():
        store.log.insert(
            Row(f"{number:064x}", 0, "ok", f"Words about {said}", "", 1, 1, 1, 0.1, it)
            for number, (it, said) in enumerate([(about, "the doomed"), (other, "the other")])
        )
    shutil.copyfile(where / "hot.sqlite", where / "hot.sqlite-damaged-1")
    receipt = takedown(remotes["folder"], PERSON, "asked", made.store)
    assert receipt.generations == 1
    assert "generations/hot.sqlite-damaged-1" in receipt.store
    held = b"".join(path.read_bytes() for path in where.glob("hot.sqlite*"))
    assert b"the doomed" not in held
    assert b"the other" in held
    with sqlite3.connect(where / "hot.sqlite") as log:
        assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    log.close()
