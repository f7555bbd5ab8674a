"""The images inside `cuhk-03.mat` as files: `…/cuhk-03.mat/labeled/1_003_2_08.png`.

The file is MATLAB v7.3, which is HDF5: `labeled` and `detected` are five cells (camera pairs) of persons x 10 cells,
views 1 and 2 in five columns each, all transposed on disk; an empty cell is a one-dimensional array. The images have
no file of their own, so they are stored as uncompressed PNG, whose bytes follow from the pixels alone. The twenty test
sets of the older protocol are shown as `…/cuhk-03.mat/testsets.json`: lists of [pair, person].
"""

import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from generators.plain_png import plain_png, png_size
from schemas.errors import BadRawData, BadTable
from schemas.keys import canonical_json
from schemas.source import RawFile, RawTree

CELLS_FILE = "cuhk-03.mat"
VARIANTS = ("labeled", "detected")
TEST_SETS = "testsets"
_PAIRS, _COLUMNS, _PERSONS = 5, 10, 999
_LIMIT = 4 << 30
# What the HDF5 library raises on files that are damaged or hold something else.
_FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, IndexError)


@runtime_checkable
class _OnDisk(Protocol):
    def place(self, relpath: str) -> Path: ...


def unpack_cells(tree: RawTree) -> RawTree:
    """The tree with the images of its `cuhk-03.mat` as files, but for a variant that is there as PNG files already.

    A tree without such a file, or with one that cannot be read, is left as it is.
    """
    found = [file for file in tree.files() if file.relpath.rpartition("/")[2] == CELLS_FILE]
    wanted = [name for name in VARIANTS if not _extracted(tree, name)]
    if not found:
        return tree
    view = _CellsTree(tree, found[0], wanted)
    try:
        return view if view.files() else tree
    except BadTable:
        return tree


def _extracted(tree: RawTree, variant: str) -> bool:
    return any(file.relpath.startswith(f"images_{variant}/") for file in tree.files())


class _CellsTree:
    """A tree whose HDF5 file is a folder; implements schemas.source.RawTree."""

    def __init__(self, tree: RawTree, container: RawFile, variants: Sequence[str]) -> None:
        self.label = tree.label
        self._tree, self._container, self._variants = tree, container, variants

    def files(self) -> Sequence[RawFile]:
        """The files of the tree and the images of the container, sorted. Raises BadTable when it cannot be read."""
        return self._listing

    def read(self, relpath: str, limit: int = 1 << 28) -> bytes:
        """The bytes of one file. Raises BadRawData when it is missing, damaged or larger than `limit`."""
        if relpath in self._test_sets:
            return self._test_sets[relpath]
        cell = self._cells.get(relpath)
        if cell is None:
            return self._tree.read(relpath, limit)
        if png_size(cell[1], cell[2]) > limit:
            raise BadRawData(f"The image {relpath!r} has more than the {limit} bytes that are read of it.")
        try:
            return plain_png(np.ascontiguousarray(self._file[cell[0]][()].T))
        except _FAULTS as error:
            raise BadRawData(f"The image {relpath!r} cannot be read: {error}.") from error

    @cached_property
    def _listing(self) -> list[RawFile]:
        time = self._container.mtime_ns
        inside = [RawFile(name, png_size(high, wide), time) for name, (_, high, wide) in self._cells.items()]
        inside += [RawFile(name, len(data), time) for name, data in self._test_sets.items()]
        others = [file for file in self._tree.files() if file.relpath != self._container.relpath]
        return sorted([*others, *inside], key=lambda file: file.relpath)

    @cached_property
    def _file(self) -> Any:
        import h5py

        on_disk = self._tree if isinstance(self._tree, _OnDisk) else None
        relpath = self._container.relpath
        return h5py.File(on_disk.place(relpath) if on_disk else io.BytesIO(self._tree.read(relpath, _LIMIT)), "r")

    @cached_property
    def _test_sets(self) -> dict[str, bytes]:
        """The test sets of the older protocol as a JSON file, where the container has any that can be read."""
        try:
            references = np.ravel(self._file[TEST_SETS][()])
            sets = [np.asarray(self._file[reference][()]).T.astype(int).tolist() for reference in references]
        except (*_FAULTS, BadRawData):
            return {}
        return {f"{self._container.relpath}/{TEST_SETS}.json": canonical_json(sets)}

    @cached_property
    def _cells(self) -> dict[str, tuple[Any, int, int]]:
        """Path, reference, height and width of every cell that holds an image."""
        try:
            return {path: cell for variant in self._variants for path, cell in self._images(variant)}
        except (*_FAULTS, BadRawData) as error:
            raise BadTable(f"The file {self._container.relpath!r} is not the HDF5 file of CUHK03: {error}.") from error

    def _images(self, variant: str) -> Iterator[tuple[str, tuple[Any, int, int]]]:
        pairs = np.ravel(self._file[variant][()])
        if len(pairs) != _PAIRS:
            raise ValueError(f"{variant!r} has {len(pairs)} camera pairs and not {_PAIRS}")
        for pair, reference in enumerate(pairs, start=1):
            table = self._file[reference][()]
            if table.ndim != 2 or table.shape[0] != _COLUMNS or table.shape[1] > _PERSONS:
                raise ValueError(f"pair {pair} of {variant!r} has the shape {table.shape}")
            for person, row in enumerate(table.T, start=1):
                for number, cell in enumerate(row, start=1):
                    image = self._file[cell]
                    if image.ndim == 3 and image.shape[0] == 3 and image.dtype == np.uint8:
                        name = f"{pair}_{person:03d}_{1 + (number > 5)}_{number:02d}.png"
                        path = f"{self._container.relpath}/{variant}/{name}"
                        yield path, (cell, int(image.shape[2]), int(image.shape[1]))
