"""Pull a published version: every byte checked, a whole folder or none, and a lock that says what was pulled.

pull(Path("remote"), "hpt@1.2.0", Path("data/hpt")) -> data/hpt/, and data/reidforge.lock pins it.
"""

import json
from pathlib import Path
from typing import Any

from schemas.errors import DigestMismatch, NotWritable, WrongUse
from schemas.manifest import Manifest
from tasks.steps.store import new_folder, write_record
from tasks.versions.manifest import MANIFEST, digest_of, load_manifest, read_bounded
from tasks.versions.reference import Found, resolve
from tasks.versions.remote import open_remote
from tasks.versions.verify import check_folder, copy_file, inside, refuse_extra, refuse_unwritable

LOCK = "reidforge.lock"


def pull(remote: Path, reference: str, to: Path, link: bool = False) -> Path:
    """Copy the version that `reference` names to the folder `to`, and return it; hard links only when asked.

    `reference` is name@1.2.0, name@latest, name@sha256:<prefix>, or the path of a version folder. A folder that
    holds this version already is checked and kept. Raises UnknownVersion, DigestMismatch naming the file,
    FormatTooNew, NotWritable, or WrongUse when `to` holds something else.
    """
    found = resolve(open_remote(remote), reference)
    data = read_bounded(found.folder / MANIFEST)
    if digest_of(data) != found.digest:
        raise DigestMismatch(f"The file {MANIFEST!r} of {reference!r} is not the one that was published.")
    manifest = load_manifest(data)
    if not _is_there(to, found, manifest):
        _copy(found, manifest, data, to, link)
    _lock(to, manifest, found, remote)
    return to


def _is_there(to: Path, found: Found, manifest: Manifest) -> bool:
    """Whether `to` holds this version already, whole and unchanged."""
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return False
    held = to / MANIFEST
    if not held.is_file() or digest_of(read_bounded(held)) != found.digest:
        raise WrongUse(
            f"The folder {str(to)!r} holds something other than {manifest.name}@{manifest.version}: "
            "pull into a new folder."
        )
    check_folder(to, manifest.files)
    return True


def _copy(found: Found, manifest: Manifest, data: bytes, to: Path, link: bool) -> None:
    refuse_extra(found.folder, manifest.files)
    refuse_unwritable(to.absolute().parent, "The folder", "Pull to a place you may write to.")
    with new_folder(to.absolute()) as draft:
        for entry in manifest.files:
            copy_file(entry, inside(found.folder, entry.path), inside(draft, entry.path), link)
        (draft / MANIFEST).write_bytes(data)
        draft.chmod(draft.parent.stat().st_mode & 0o777)
    if not _is_there(to, found, manifest):
        raise NotWritable(f"The folder {str(to)!r} could not be put in place.")


def _lock(to: Path, manifest: Manifest, found: Found, remote: Path) -> None:
    """Pin the pulled version in the reidforge.lock beside its folder; other pulls into the same parent keep theirs."""
    path = to.absolute().parent / LOCK
    pins = _pins(path)
    pins[to.name] = {
        "name": manifest.name,
        "version": manifest.version,
        "digest": found.digest,
        "source": str(remote),
    }
    write_record(path, {"versions": pins})


def _pins(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes())["versions"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise WrongUse(f"The file {str(path)!r} is not a lock of this project: move it away and pull again.") from error
