"""MATLAB files that the sample writes: v5 for labels, v7.3 (HDF5) for pictures; equal content gives equal bytes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from generators.sample.render import Pixels

_HEADER = 116  # bytes of descriptive text, in which the usual writers put time and platform
_BLOCK = 512  # bytes before an HDF5 file begins, which MATLAB fills with its own header


def mat_v5(content: Mapping[str, Any]) -> bytes:
    """A MAT v5 file whose text names no time and no platform."""
    file = io.BytesIO()
    scipy.io.savemat(file, content, do_compression=True)
    return b"MATLAB 5.0 MAT-file, synthetic sample".ljust(_HEADER) + file.getvalue()[_HEADER:]


def person_structs(name: str, parts: Mapping[str, Mapping[int, Mapping[str, int]]]) -> bytes:
    """A struct of labels per part (train, test), by person and field; the order of the fields differs between them."""
    structs = {}
    for part, persons in parts.items():
        fields = sorted({field for labels in persons.values() for field in labels}, reverse=part == "test")
        index = np.empty((1, len(persons)), dtype=object)
        index[0] = [f"{person:04d}" for person in persons]
        columns = {field: np.array([[labels[field] for labels in persons.values()]], np.uint8) for field in fields}
        structs[part] = {**columns, "image_index": index}
    return mat_v5({name: structs})


def names_cell(names: Sequence[str]) -> Any:
    """A column of names as MATLAB keeps it."""
    return column_cell(names)


def column_cell(values: Sequence[Any]) -> Any:
    """A column of values of any kind."""
    cell = np.empty((len(values), 1), dtype=object)
    cell[:, 0] = list(values)
    return cell


def write_cells(
    path: Path,
    variants: Mapping[str, Sequence[Mapping[tuple[int, int], Pixels]]],
    test_sets: Sequence[Sequence[tuple[int, int]]] = (),
) -> None:
    """`cuhk-03.mat`: per variant its camera pairs, each pictures by (person, number), both counted from 1.

    Persons x 10 cells, transposed as MATLAB stores them; a cell without a picture holds an empty shape. `test_sets`
    are those of the older protocol: (pair, person) each.
    """
    import h5py

    with h5py.File(path, "w", userblock_size=_BLOCK, track_order=True) as file:
        for variant, pairs in variants.items():
            references = [_write_pair(file, f"#refs#/{variant}{i}", pair) for i, pair in enumerate(pairs)]
            file.create_dataset(variant, data=np.array([references], dtype=object), dtype=h5py.ref_dtype)
        if test_sets:
            made = [np.array(one, np.float64).T for one in test_sets]
            references = [file.create_dataset(f"#refs#/set{i}", data=one).ref for i, one in enumerate(made)]
            file.create_dataset("testsets", data=np.array([references], dtype=object), dtype=h5py.ref_dtype)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, synthetic sample".ljust(_HEADER))


def _write_pair(file: Any, name: str, pictures: Mapping[tuple[int, int], Pixels]) -> Any:
    import h5py

    persons = max((person for person, _ in pictures), default=0)
    empty = file.create_dataset(f"{name}empty", data=np.zeros(2, np.uint64)).ref
    cells = np.full((10, persons), empty, dtype=object)
    for (person, number), pixels in pictures.items():
        dataset = file.create_dataset(f"{name}_{person}_{number}", data=np.ascontiguousarray(pixels.T))
        cells[number - 1, person - 1] = dataset.ref
    return file.create_dataset(name, data=cells, dtype=h5py.ref_dtype).ref
