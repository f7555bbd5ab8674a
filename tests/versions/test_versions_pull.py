"""Pulling: the published bytes or an error that names the file, and nothing in between."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from versions_toy import toy

from flows.cli import app
from schemas.errors import BadTable, DigestMismatch, FormatTooNew, NotWritable, UnknownVersion, WrongUse
from tasks.steps.publish import Published
from tasks.steps.pull import pull
from tasks.versions.manifest import MAX_MANIFEST_BYTES, digest_of, dump_manifest, load_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.reference import located


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Published]:
    base = tmp_path_factory.mktemp("shelf")
    return base / "remote", toy(base / "store").publish(base / "remote")


@pytest.fixture
def remote(shelf: tuple[Path, Published], tmp_path: Path) -> Path:
    return shutil.copytree(shelf[0], tmp_path / "remote")


@pytest.fixture
def done(shelf: tuple[Path, Published]) -> Published:
    return shelf[1]


def listing(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def at(remote: Path, done: Published) -> Path:
    return remote / "toy" / done.digest[:12]


def test_every_way_to_name_a_version_gives_the_same_bytes(remote: Path, done: Published, tmp_path: Path) -> None:
    published = at(remote, done)
    names = [
        "toy@0.1.0",
        "toy@latest",
        f"toy@sha256:{done.digest[:12]}",
        f"toy@sha256:{done.digest}",
        str(published),
    ]
    for number, reference in enumerate(names):
        got = pull(remote, reference, tmp_path / f"got{number}")
        assert listing(got) == listing(published)


def test_the_lock_pins_each_pulled_folder_by_digest(remote: Path, done: Published, tmp_path: Path) -> None:
    pull(remote, "toy@latest", tmp_path / "a")
    pull(remote, "toy@0.1.0", tmp_path / "b")
    pins = json.loads((tmp_path / "reidforge.lock").read_bytes())["versions"]
    expected = {"name": "toy", "version": "0.1.0", "digest": done.digest, "source": str(remote)}
    assert pins == {"a": expected, "b": expected}


def test_files_are_copies_unless_links_are_asked_for(remote: Path, done: Published, tmp_path: Path) -> None:
    name = VersionFolder(at(remote, done)).manifest.files[0].path
    copied = pull(remote, "toy@0.1.0", tmp_path / "copied") / name
    linked = pull(remote, "toy@0.1.0", tmp_path / "linked", link=True) / name
    assert not copied.samefile(at(remote, done) / name)
    assert linked.samefile(at(remote, done) / name)


def test_pulling_again_checks_and_keeps_the_folder(remote: Path, tmp_path: Path) -> None:
    got = pull(remote, "toy@0.1.0", tmp_path / "got")
    before = {path: path.stat().st_mtime_ns for path in got.rglob("*")}
    pull(remote, "toy@0.1.0", tmp_path / "got")
    assert {path: path.stat().st_mtime_ns for path in got.rglob("*")} == before
    (got / "README.md").write_text("mine")
    with pytest.raises(DigestMismatch, match=r"README\.md"):
        pull(remote, "toy@0.1.0", tmp_path / "got")


def test_an_empty_folder_may_be_pulled_into(remote: Path, tmp_path: Path) -> None:
    (tmp_path / "got").mkdir()
    assert VersionFolder(pull(remote, "toy@0.1.0", tmp_path / "got")).has("images")


def test_a_folder_with_something_else_is_left_alone(remote: Path, tmp_path: Path) -> None:
    (tmp_path / "got").mkdir()
    (tmp_path / "got" / "thesis.txt").write_text("mine")
    with pytest.raises(WrongUse, match="pull into a new folder"):
        pull(remote, "toy@0.1.0", tmp_path / "got")
    assert listing(tmp_path / "got") == {"thesis.txt": b"mine"}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def _to_link(path: Path) -> None:
    aside = path.parent.parent.parent.parent / "aside"
    shutil.move(path, aside)
    path.symlink_to(aside)


@pytest.mark.parametrize("harm", [_flip, _longer, Path.unlink, _to_link])
def test_a_harmed_file_is_named_and_nothing_is_left(
    harm: Callable[[Path], None], remote: Path, done: Published, tmp_path: Path
) -> None:
    victim = next(at(remote, done).glob("data/captions/sysu*.parquet"))
    harm(victim)
    with pytest.raises(DigestMismatch, match=f"data/captions/{victim.name}") as caught:
        pull(remote, "toy@0.1.0", tmp_path / "new" / "got")
    assert caught.value.exit_code == 1
    assert list((tmp_path / "new").iterdir()) == []


def test_an_extra_file_is_named(remote: Path, done: Published, tmp_path: Path) -> None:
    (at(remote, done) / "data" / "images" / "extra.parquet").write_bytes(b"")
    with pytest.raises(DigestMismatch, match=r"data/images/extra\.parquet"):
        pull(remote, "toy@0.1.0", tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_rewritten_manifest_does_not_match_its_reference(remote: Path, done: Published, tmp_path: Path) -> None:
    path = at(remote, done) / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"market1501", b"markets1501"))
    with pytest.raises(DigestMismatch, match=r"manifest\.json"):
        pull(remote, "toy@0.1.0", tmp_path / "got")


def test_unknown_versions_are_answered_with_those_that_are_known(remote: Path, tmp_path: Path) -> None:
    for reference, words in (
        ("toy@9.9.9", r"Known versions of toy: 0\.1\.0"),
        ("tyo@0.1.0", "Did you mean 'toy'"),
        ("toy@sha256:000000000000", r"Known versions of toy: 0\.1\.0"),
        ("toy", r"Write name@1\.2\.0, name@latest"),
        ("toy@sha256:12", "Known versions"),
        ("../toy@0.1.0", "names no version"),
    ):
        with pytest.raises(UnknownVersion, match=words) as caught:
            pull(remote, reference, tmp_path / "got")
        assert caught.value.exit_code == 2
    with pytest.raises(UnknownVersion, match="Known datasets here: none"):
        pull(tmp_path / "nowhere", "toy@0.1.0", tmp_path / "got")


def _forged(remote: Path, done: Published, change: Callable[[dict[str, Any]], None]) -> Path:
    """The version folder with a manifest that someone edited; pulled by path, so no reference protects it."""
    path = at(remote, done) / "manifest.json"
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value))
    return path.parent


@pytest.mark.parametrize(
    "path", ["../out.txt", "/etc/passwd", "data/../../x", "data//x", "./x", "manifest.json", "a\\b"]
)
def test_a_manifest_cannot_write_outside_its_folder(path: str, remote: Path, done: Published, tmp_path: Path) -> None:
    def change(value: dict[str, Any]) -> None:
        value["files"][0]["path"] = path

    with pytest.raises(BadTable, match="manifest"):
        pull(remote, str(_forged(remote, done, change)), tmp_path / "got")
    assert not (tmp_path / "got").exists()


def test_a_newer_format_is_refused_with_the_remedy_even_when_nothing_else_is_known(
    remote: Path, done: Published, tmp_path: Path
) -> None:
    def change(value: dict[str, Any]) -> None:
        value.update(format_version=99, files={"by": "then"}, unheard="of")

    with pytest.raises(FormatTooNew, match="pip install --upgrade reidforge") as caught:
        pull(remote, str(_forged(remote, done, change)), tmp_path / "got")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"format_version": 1}', b"[" * 200_000, b"\xff"])
def test_what_is_no_manifest_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BadTable, match="manifest"):
        load_manifest(data)


def test_a_manifest_of_endless_size_is_not_read(remote: Path, done: Published, tmp_path: Path) -> None:
    with (at(remote, done) / "manifest.json").open("wb") as file:
        file.truncate(MAX_MANIFEST_BYTES + 1)
    with pytest.raises(BadTable, match="larger than"):
        pull(remote, str(at(remote, done)), tmp_path / "got")


def test_a_manifest_comes_back_as_it_was_dumped(remote: Path, done: Published) -> None:
    manifest = VersionFolder(at(remote, done)).manifest
    data = dump_manifest(manifest)
    assert load_manifest(data) == manifest
    assert digest_of(data) == done.digest


def test_a_place_that_cannot_be_written_is_named(remote: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotWritable, match="Pull to a place you may write to"):
        pull(remote, "toy@0.1.0", tmp_path / "file" / "got")


def test_a_foreign_lock_file_is_not_overwritten(remote: Path, tmp_path: Path) -> None:
    (tmp_path / "reidforge.lock").write_text("[1]")
    with pytest.raises(WrongUse, match="move it away"):
        pull(remote, "toy@0.1.0", tmp_path / "got")
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize(
    ("reference", "remote", "place", "name"),
    [
        ("hpt@1.2.0", "shelf", "shelf", "hpt@1.2.0"),
        ("s3://bucket/folder/hpt@sha256:0123456789ab", None, "s3://bucket/folder", "hpt@sha256:0123456789ab"),
        ("store/published/hpt@latest", None, "store/published", "hpt@latest"),
        ("hub://lab/hpt@1.2.0", None, "hub://lab/hpt", "hpt@1.2.0"),
    ],
)
def test_a_reference_may_say_where_it_was_published(reference: str, remote: str | None, place: str, name: str) -> None:
    assert located(reference, remote) == (place, name)


def test_a_reference_of_nowhere_or_of_two_places_is_refused() -> None:
    with pytest.raises(WrongUse, match=r"does not say where it was published: give --from"):
        located("hpt@1.2.0", None)
    with pytest.raises(WrongUse, match=r"leave --from 'shelf' out"):
        located("s3://bucket/hpt@1.2.0", "shelf")


def test_the_command_takes_a_whole_address_and_a_version_folder(remote: Path, done: Published, tmp_path: Path) -> None:
    for number, reference in enumerate((f"{remote}/toy@0.1.0", str(at(remote, done)))):
        to = tmp_path / str(number)
        assert CliRunner().invoke(app, ["pull", reference, "--to", str(to)]).exit_code == 0
        assert listing(to) == listing(at(remote, done))
    assert CliRunner().invoke(app, ["pull", "toy@0.1.0", "--to", str(tmp_path / "none")]).exit_code == 2
