"""A folder remote: versions taken back, dropped, and what nobody refers to swept away."""

from pathlib import Path

import pytest
from versions_toy import Toy, toy

from schemas.errors import DigestMismatch, Revoked, UnknownVersion
from schemas.manifest import Revocation
from tasks.steps.pull import pull
from tasks.versions.remotes.local import LocalRemote


@pytest.fixture
def made(tmp_path: Path) -> Toy:
    return toy(tmp_path / "store")


def test_a_revoked_version_names_its_successor_and_latest_falls_back(made: Toy, tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")
    first, second = made.publish(remote.root), made.publish(remote.root, version="0.2.0")
    remote.revoke("toy", Revocation(digest=second.digest, version="0.2.0", reason="A person asked", successor="0.1.0"))
    assert remote.latest("toy") == first.digest
    for reference in ("toy@0.2.0", f"toy@sha256:{second.digest}"):
        with pytest.raises(Revoked, match=r"toy@0\.2\.0 .* A person asked\. Use toy@0\.1\.0 instead"):
            pull(remote.root, reference, tmp_path / "got")
    assert pull(remote.root, "toy@latest", tmp_path / "got").is_dir()


def test_the_only_version_revoked_leaves_no_way_to_it(made: Toy, tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")
    done = made.publish(remote.root)
    remote.revoke("toy", Revocation(digest=done.digest, version="0.1.0", reason="Licence withdrawn"))
    with pytest.raises(Revoked, match="Nothing replaces it"):
        pull(remote.root, "toy@latest", tmp_path / "got")


def test_dropping_a_version_leaves_the_others_whole(made: Toy, tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")
    first, second = made.publish(remote.root), made.publish(remote.root, version="0.2.0")
    remote.drop("toy", second.digest)
    remote.drop("toy", second.digest)
    assert not second.folder.exists()
    assert pull(remote.root, f"toy@sha256:{first.digest}", tmp_path / "got").is_dir()
    with pytest.raises(UnknownVersion):
        pull(remote.root, "toy@0.2.0", tmp_path / "other")


def test_the_sweep_takes_what_no_reference_names(made: Toy, tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")
    first, second = made.publish(remote.root), made.publish(remote.root, version="0.2.0")
    assert remote.garbage("toy") == {}
    (tmp_path / "remote/toy/.draft-killed").mkdir()
    (tmp_path / "remote/toy/.draft-killed/half.parquet").write_bytes(b"half")
    (tmp_path / "remote/toy/refs/0.2.0.json").unlink()
    found = remote.garbage("toy")
    assert found["toy/.draft-killed"] == 4
    assert set(found) == {"toy/.draft-killed", f"toy/{second.digest[:12]}"}
    assert remote.sweep("toy") == found
    assert first.folder.is_dir()
    assert remote.garbage("toy") == {}


def test_a_damaged_revocation_is_an_error_and_not_a_permission(made: Toy, tmp_path: Path) -> None:
    remote = LocalRemote(tmp_path / "remote")
    done = made.publish(remote.root)
    (tmp_path / "remote/toy/revoked").mkdir()
    (tmp_path / f"remote/toy/revoked/{done.digest}.json").write_text("{}")
    with pytest.raises(DigestMismatch, match="revocation"):
        pull(remote.root, "toy@0.1.0", tmp_path / "got")
