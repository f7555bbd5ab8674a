"""The successor of a version that was shared without pictures: joined, succeeded, and shared again.

So its whole version is, byte for byte, the successor of the old whole version.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from schemas.manifest import Withheld
from tasks.versions.assemble import Assembled
from tasks.versions.joining import join
from tasks.versions.manifest import MANIFEST, dump_manifest
from tasks.versions.reader import VersionFolder
from tasks.versions.takedown.doomed import Doomed
from tasks.versions.takedown.successor import link_or_copy, successor
from tasks.versions.withholding import withhold


def shared_successor(
    old: VersionFolder, withheld: Withheld, doomed: Doomed, version: str, place: Path, raw: Path
) -> Assembled:
    """The shared version without what is doomed. `raw` is the raw data, from which the doomed pictures may be gone.

    Raises BadRawData and DigestMismatch when `raw` does not hold the other pictures.
    """
    folder = place / "joined"
    shutil.copytree(old.folder, folder, copy_function=lambda a, b: link_or_copy(Path(a), Path(b)))
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_bytes(join(folder, old.manifest, withheld, raw, doomed.images))
    whole = successor(VersionFolder(folder), doomed, version, place)
    (place / "thin").mkdir()
    ready = withhold(whole, place / "thin")
    manifest = ready.manifest.model_copy(update={"parents": [old.digest]})
    return replace(ready, manifest=manifest, data=dump_manifest(manifest))
