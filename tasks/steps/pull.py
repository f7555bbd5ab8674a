"""Pull a published version: every byte checked, a whole folder or none, and a lock that says what was pulled.

pull("remote", "hpt@1.2.0", Path("data/hpt")) -> data/hpt/, and data/reidforge.lock pins it.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from schemas.errors import DigestMismatch, NotWritable, UnknownVersion, WrongUse
from schemas.keys import canonical_json
from schemas.manifest import FileEntry, Manifest, Withheld
from tasks.steps.store import new_folder, write_record
from tasks.versions.cache import through_cache
from tasks.versions.folders import FolderVersion
from tasks.versions.manifest import MANIFEST, digest_of, load_manifest, read_bounded
from tasks.versions.reference import resolve
from tasks.versions.remote import Version, open_remote
from tasks.versions.selecting import SELECTION, Selection, held_entries
from tasks.versions.verify import check_folder, inside, refuse_unwritable

LOCK = "reidforge.lock"
_AT_ONCE = 4


def pull(
    remote: str | Path,
    reference: str,
    to: Path,
    link: bool = False,
    selection: Selection | None = None,
    frozen: bool = False,
    join: Path | None = None,
) -> Path:
    """Copy the version that `reference` names to the folder `to`, and return it; hard links only when asked.

    `reference` is name@1.2.0, name@latest, name@sha256:<prefix>, or the path of a version folder; `selection` limits
    what is fetched. With `frozen` only the version that the lock beside `to` pins may come. A folder that holds this
    version already is checked and kept. Files of a remote that is not a folder go through the cache, so that a pull
    that was cut off goes on where it stopped. `join` is the raw data that the pictures left out of a shared version are
    taken from: the folder then holds the whole version. Raises BadRawData, UnknownVersion, Revoked,
    DigestMismatch naming the file, FormatTooNew, NotWritable, Unreachable, or WrongUse when `to` holds something else.
    """
    _pins(to.absolute().parent / LOCK)  # a file that is no lock is refused before anything is copied
    found = resolve(open_remote(remote), reference)
    if frozen:
        _refuse_unpinned(to, reference, found)
    data = found.manifest()
    if digest_of(data) != found.digest:
        raise DigestMismatch(f"The file {MANIFEST!r} of {reference!r} is not the one that was published.")
    manifest, wanted = load_manifest(data), selection or Selection()
    final = manifest.withheld.digest if join and manifest.withheld else found.digest
    if not _is_there(to, final, manifest, wanted):
        _copy(found, manifest, data, to, link, wanted, join)
    _lock(to, manifest, found, remote, final)
    return to


def _is_there(to: Path, final: str, manifest: Manifest, wanted: Selection) -> bool:
    """Whether `to` holds the version of this digest already, whole and unchanged."""
    if not to.exists() or (to.is_dir() and not any(to.iterdir())):
        return False
    held = to / MANIFEST
    if not held.is_file() or digest_of(read_bounded(held)) != final:
        raise WrongUse(
            f"The folder {str(to)!r} holds something other than {manifest.name}@{manifest.version}: "
            "pull into a new folder."
        )
    there = load_manifest(read_bounded(held))
    entries = held_entries(to, there.files, there)
    if {entry.path for entry in wanted.of(there)} != {entry.path for entry in entries}:
        raise WrongUse(f"The folder {str(to)!r} holds another part of this version: pull into a new folder.")
    check_folder(to, entries)
    return True


def _copy(
    found: Version, manifest: Manifest, data: bytes, to: Path, link: bool, wanted: Selection, join: Path | None
) -> None:
    entries = wanted.of(manifest)
    found.inspect(manifest)
    refuse_unwritable(to.absolute().parent, "The folder", "Pull to a place you may write to.")
    with new_folder(to.absolute()) as draft:
        _fetch(found, entries, draft, link)
        if not wanted.everything:
            (draft / SELECTION).write_bytes(canonical_json(wanted.model_dump(mode="json")))
        if join and manifest.withheld:
            data = _joined(draft, manifest, manifest.withheld, join, wanted)
        (draft / MANIFEST).write_bytes(data)
        draft.chmod(draft.parent.stat().st_mode & 0o777)
    held = to / MANIFEST
    if not held.is_file() or read_bounded(held) != data:
        raise NotWritable(f"The folder {str(to)!r} could not be put in place.")


def _joined(draft: Path, manifest: Manifest, withheld: Withheld, raw: Path, wanted: Selection) -> bytes:
    """Make the fetched folder the whole version, every file of it checked; its manifest."""
    from tasks.versions.joining import join

    data = join(draft, manifest, withheld, raw)
    check_folder(draft, wanted.of(load_manifest(data)))
    return data


def _fetch(found: Version, entries: Sequence[FileEntry], draft: Path, link: bool) -> None:
    """Every file, a few at once; files of one content one after the other, so that it comes only once.

    The first failure in the order of the manifest's contents is raised.
    """

    def one(entry: FileEntry) -> None:
        target = inside(draft, entry.path)
        if isinstance(found, FolderVersion):
            found.fetch(entry, target, link)
        else:
            through_cache(entry, target, found.fetch)

    def each(alike: Sequence[FileEntry]) -> None:
        for entry in alike:
            one(entry)

    contents: dict[str, list[FileEntry]] = {}
    for entry in entries:
        contents.setdefault(entry.sha256, []).append(entry)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(each, contents.values()):
            continue


def _refuse_unpinned(to: Path, reference: str, found: Version) -> None:
    """With --frozen the lock decides: raises UnknownVersion without a pin, DigestMismatch for another version."""
    pin = _pins(to.absolute().parent / LOCK).get(to.name)
    if pin is None:
        raise UnknownVersion(f"The {LOCK} beside {str(to)!r} does not pin {to.name!r}: pull once without --frozen.")
    if pin["digest"] != found.digest:
        raise DigestMismatch(
            f"{reference!r} is {found.digest[:12]} today; the {LOCK} pins {pin['digest'][:12]} "
            f"({pin['name']}@{pin['version']}). Pull that version, or pull without --frozen to move on."
        )


def _lock(to: Path, manifest: Manifest, found: Version, remote: str | Path, final: str) -> None:
    """Pin the pulled version in the reidforge.lock beside its folder; other pulls into the same parent keep theirs."""
    path = to.absolute().parent / LOCK
    pins = _pins(path)
    pins[to.name] = {
        "name": manifest.name,
        "version": manifest.version,
        "digest": found.digest,
        "source": str(remote),
        **({"joined": final} if final != found.digest else {}),
    }
    write_record(path, {"versions": pins})


def _pins(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes())["versions"])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise WrongUse(f"The file {str(path)!r} is not a lock of this project: move it away and pull again.") from error
