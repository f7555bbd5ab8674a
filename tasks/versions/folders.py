"""A version that lies in a folder of this machine, read as any other stored version is."""

from dataclasses import dataclass
from pathlib import Path

from schemas.manifest import FileEntry, Manifest
from tasks.versions.manifest import MANIFEST, read_bounded
from tasks.versions.verify import copy_file, inside, refuse_extra


@dataclass(frozen=True, slots=True)
class FolderVersion:
    """Implements tasks.versions.remote.Version for a plain folder."""

    folder: Path
    digest: str

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def manifest(self) -> bytes:
        """The bytes of its manifest."""
        return read_bounded(self.folder / MANIFEST)

    def inspect(self, manifest: Manifest) -> None:
        """Refuse files that the manifest does not list."""
        refuse_extra(self.folder, manifest.files)

    def fetch(self, entry: FileEntry, target: Path, link: bool = False) -> None:
        """Copy or link one file, checked."""
        copy_file(entry, inside(self.folder, entry.path), target, link)
