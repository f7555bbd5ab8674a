"""A raw dataset in memory, and the rows and refusals that a source reads from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.errors import BadRawData
from schemas.rows import PersonImage, Reject
from schemas.source import RawFile, Source


@dataclass
class ToyTree:
    """Names with their bytes."""

    content: Mapping[str, bytes]
    label: str = "toy"

    def files(self) -> Sequence[RawFile]:
        return [RawFile(name, len(self.content[name]), 0) for name in sorted(self.content)]

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        if relpath not in self.content:
            raise BadRawData(f"The file {relpath!r} is missing.")
        return self.content[relpath]


def read_toy(
    source: Source, *relpaths: str, **files: Mapping[str, bytes]
) -> tuple[dict[str, PersonImage], list[Reject]]:
    """Images by path, and refusals; `files` are mappings of label files."""
    content = dict.fromkeys(relpaths, b"")
    for more in files.values():
        content.update(more)
    rows = list(source.read(ToyTree(content)))
    images = {row.relpath: row for row in rows if isinstance(row, PersonImage)}
    return images, [row for row in rows if isinstance(row, Reject)]
