"""The listing of a source's archive as an earlier ingest found it, so that an unchanged one is not listed again.

store/cache/<source>.archive is the sha256 of what follows it, a line of JSON with the archive's identity, its folders
and what is left out of it, and then the names, sizes and places of its files. Like all of the cache it is a shortcut
only: losing it, or not believing it, changes the time of a build and nothing else.
"""

import contextlib
import hashlib
import json
import os
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.keys import canonical_json, folder_revision

if TYPE_CHECKING:  # what reads archives is imported where an archive is met
    from generators.archives.checks import Listing

_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class KeptListings:
    """The listing of one source's archive, below a store; implements generators.archives.checks.Listings."""

    store: Path
    source: str

    def recall(self, identity: str, mtime_ns: int) -> "Listing | None":
        """The listing of the archive with this identity; None when another was listed last, or by other code."""
        try:
            stored = self._path().read_bytes()
        except OSError:
            return None
        head, _, body = stored[_DIGEST:].partition(b"\n")
        if hashlib.sha256(stored[_DIGEST:]).digest() != stored[:_DIGEST]:
            return None
        facts = json.loads(head)
        known = (facts["identity"], facts["revision"]) == (identity, _revision())
        return _listing(facts, body, mtime_ns) if known else None

    def keep(self, identity: str, listing: "Listing") -> None:
        """Keep a listing in place of the last one; a store that cannot be written keeps none."""
        files = listing.files
        paths = "\0".join(files.paths()).encode()
        facts: dict[str, Any] = {"identity": identity, "revision": _revision(), "names": len(paths)}
        facts |= {"files": len(files), "folders": sorted(listing.folders), "refused": listing.refused}
        parts = [canonical_json(facts), b"\n", paths, files.sizes.tobytes(), listing.places.tobytes()]
        stored = b"".join(parts)
        draft = self._path().with_suffix(f".archive-{os.getpid()}")
        with contextlib.suppress(OSError):
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(hashlib.sha256(stored).digest() + stored)
            os.replace(draft, self._path())

    def _path(self) -> Path:
        return self.store / "cache" / f"{self.source}.archive"


def _revision() -> str:
    """Of the code that lists archives: what it refuses may change."""
    from generators import archives

    return folder_revision(*map(Path, archives.__path__))


def _listing(facts: dict[str, Any], body: bytes, mtime_ns: int) -> "Listing":
    from generators.archives.checks import Listing
    from generators.raw_files import RawFiles

    end = facts["names"]
    sizes, places = array("q"), array("Q")
    sizes.frombytes(body[end : end + facts["files"] * sizes.itemsize])
    places.frombytes(body[end + facts["files"] * sizes.itemsize :])
    paths = body[:end].decode().split("\0") if facts["files"] else []
    refused = [(path, reason, detail) for path, reason, detail in facts["refused"]]
    return Listing(RawFiles(paths, sizes, mtime_ns), places, set(facts["folders"]), refused)
