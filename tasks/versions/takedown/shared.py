"""The successor of a version that was shared without pictures: joined, succeeded, and shared again.

So its whole version is, byte for byte, the successor of the old whole version.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from schemas.manifest import Manifest, Withheld
from tasks.versions.joining import join
from tasks.versions.manifest import MANIFEST, dump_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.takedown.doomed import Doomed
from tasks.versions.takedown.rewriting import Touched
from tasks.versions.takedown.successor import Successor, link_or_copy, successor
from tasks.versions.withholding import label, withhold


def shared_successor(
    old: VersionFolder, withheld: Withheld, doomed: Doomed, version: str, place: Path, raw: Path
) -> Successor:
    """The shared version without what is doomed. `raw` is the raw data, from which the doomed pictures may be gone.

    Raises BadRawData and DigestMismatch when `raw` does not hold the other pictures.
    """
    folder = place / "joined"
    shutil.copytree(old.folder, folder, copy_function=lambda a, b: link_or_copy(Path(a), Path(b)))
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_bytes(join(folder, old.manifest, withheld, raw, doomed.images))
    whole = successor(VersionFolder(folder), doomed, version, place)
    (place / "thin").mkdir()
    ready = withhold(whole.ready, place / "thin")
    manifest = ready.manifest.model_copy(update={"parents": [old.digest]})
    touched = _renamed(whole.touched, old.manifest, manifest)
    return Successor(replace(ready, manifest=manifest, data=dump_manifest(manifest)), touched)


def _renamed(touched: Iterable[Touched], old: Manifest, new: Manifest) -> list[Touched]:
    """The same files by the names that they have where pictures are left out."""
    names = {**_thin_names(old), **_thin_names(new)}
    return [replace(each, old=names.get(each.old, each.old), new=names.get(each.new, each.new)) for each in touched]


def _thin_names(manifest: Manifest) -> Mapping[str, str]:
    """The path of each pack that was left out, to that of the pack which stands for it."""
    thin = {label(entry.path): entry.path for entry in manifest.files if entry.table == "images"}
    packs = manifest.withheld.packs if manifest.withheld else []
    return {entry.path: thin[label(entry.path)] for entry in packs}
