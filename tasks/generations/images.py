"""The bytes of images by their sha256, out of the packs of ingested sources."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.steps.store import StepOutput

_KEPT_GROUPS = 4


class PackImages:
    """An image source over packs; a few row groups stay open, for requests come in the order of the packs.

    Raises KeyError for an image that no pack holds. One object belongs to one thread at a time.
    """

    def __init__(self, store: Path, ingests: Sequence[StepOutput]) -> None:
        self._packs = [store / "packs" / pack["file"] for step in ingests for pack in step.facts["packs"]]
        self._groups: dict[tuple[Path, int], dict[str, bytes]] = {}

    def __call__(self, sha256: str) -> bytes:
        """The stored bytes of an image."""
        place = self._places[sha256]
        if place not in self._groups:
            while len(self._groups) >= _KEPT_GROUPS:
                self._groups.pop(next(iter(self._groups)))
            self._groups[place] = _group(*place)
        return self._groups[place][sha256]

    @cached_property
    def _places(self) -> dict[str, tuple[Path, int]]:
        places: dict[str, tuple[Path, int]] = {}
        for path in self._packs:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    names = file.read_row_group(group, columns=["sha256"]).column(0).to_pylist()
                    places.update(dict.fromkeys(names, (path, group)))
        return places


def _group(path: Path, group: int) -> dict[str, bytes]:
    with pq.ParquetFile(path) as file:
        table = file.read_row_group(group, columns=["sha256", "image"])
    encoded = pc.struct_field(table["image"], "bytes")
    return dict(zip(table["sha256"].to_pylist(), encoded.to_pylist(), strict=True))
