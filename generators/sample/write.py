"""Write the sample: synthetic pedestrians as raw folders in the layouts of real datasets.

>>> write_sample(Path("raw"), size="tiny", seed=7, sources=["ltcc"])
{'ltcc': 74}
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import simplejpeg
from PIL import Image

from generators.sample.cameras import draw_camera
from generators.sample.films import FILMS
from generators.sample.layout import SIZES, Layout, Shot
from generators.sample.render import Pixels, render
from schemas.discovery import find, names
from schemas.errors import NotWritable, UnknownName, WrongUse
from schemas.keys import canonical_json
from schemas.source import SAMPLE_MARK

OnProgress = Callable[[int, int, str], None]
LAYOUTS = "generators.sample.layouts"
_CHUNK = 256
_ERROR_PAGE = b"<!DOCTYPE html>\n<html><body><h1>403 Forbidden</h1><p>Please sign the agreement.</p></body></html>\n"


def _silent(done: int, total: int, unit: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of one file of the sample, for tests: labels, split and attribute values."""

    source: str
    relpath: str
    person: int
    pid_raw: str
    camera: str | None
    clothes: str | None
    split: str
    infrared: bool
    damage: str
    attributes: dict[str, str]


def layouts(sources: Sequence[str] | None = None) -> dict[str, Layout]:
    """The layouts of these sources (all when None), by name. Raises UnknownName."""
    known = names(LAYOUTS)
    for name in sources or ():
        if name not in known:
            raise UnknownName.of("sample source", name, known)
    return {name: find(LAYOUTS, "LAYOUT", name) for name in known if sources is None or name in sources}


def truth(size: str = "demo", seed: int = 7, sources: Sequence[str] | None = None) -> Iterator[Truth]:
    """What is true of every file that `write_sample` writes, in its order, without drawing any."""
    _check_size(size)
    for name, layout in layouts(sources).items():
        for shot in layout.shots(size, seed):
            yield Truth(
                source=name,
                relpath=shot.relpath,
                person=shot.person,
                pid_raw=shot.pid_raw,
                camera=shot.cam_raw,
                clothes=shot.clothes_raw,
                split=shot.split,
                infrared=shot.infrared,
                damage=shot.damage,
                attributes=layout.attributes(seed, shot),
            )


def write_sample(
    out: Path,
    size: str = "demo",
    seed: int = 7,
    sources: Sequence[str] | None = None,
    workers: int = 1,
    on_progress: OnProgress = _silent,
) -> dict[str, int]:
    """Write the raw folders below `out`; returns the files drawn per source.

    `on_progress` is told (done, all, unit) of the source being drawn. A file `SAMPLE.json` marks `out`; the same
    size and seed may be written again or source by source. Raises UnknownName for a size or source that does not exist,
    WrongUse when `out` holds anything else (a real dataset, or another sample), NotWritable when it cannot be written.
    """
    _check_size(size)
    chosen = layouts(sources)
    mark: dict[str, str | int] = {"made by": "reidforge sample", "size": size, "seed": seed}
    _check_folder(out, mark)
    _write_mark(out, mark)
    written = {}
    for name, layout in chosen.items():
        shots = [replace(shot, plain=size == "official") for shot in layout.shots(size, seed)]
        root = out / layout.folder
        _make_folders(root, shots)
        for done in _draw_all(root, name, shots, seed, workers):
            on_progress(done, len(shots), "pictures")
        layout.write_labels(root, size, seed, shots)
        written[name] = len(shots)
    return written


def scaled_down(size: str, sources: Sequence[str] | None = None) -> dict[str, tuple[int, int]]:
    """The sources that even the official size draws smaller than they are: (pictures drawn, pictures of the real)."""
    if size != "official":
        return {}
    chosen = {name: layout for name, layout in layouts(sources).items() if layout.really}
    return {name: (len(layout.shots(size, 7)), layout.really or 0) for name, layout in chosen.items()}


def _check_size(size: str) -> None:
    if size not in SIZES:
        raise UnknownName.of("sample size", size, SIZES)


def _check_folder(out: Path, mark: dict[str, str | int]) -> None:
    """Refuse to write among other people's files, such as a real dataset of the same folder name."""
    if out.exists() and not out.is_dir():
        raise WrongUse(f"The sample needs a folder, but {str(out)!r} is a file: name another place.")
    found = sorted(path.name for path in out.iterdir()) if out.exists() else []
    if not found:
        return
    if SAMPLE_MARK not in found:
        raise WrongUse(f"{str(out)!r} already holds {found[0]!r} and no earlier sample: name an empty or a new folder.")
    there = json.loads((out / SAMPLE_MARK).read_text(encoding="utf-8"))
    if there != mark:
        raise WrongUse(
            f"{str(out)!r} already holds the {there.get('size')!r} sample of seed {there.get('seed')!r}, "
            f"and {mark['size']!r} of seed {mark['seed']!r} was asked for: name another folder or remove this one."
        )


def _write_mark(out: Path, mark: dict[str, str | int]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / SAMPLE_MARK).write_bytes(canonical_json(mark) + b"\n")
    except OSError as error:
        raise NotWritable(f"The sample cannot be written to {str(out)!r}: {error.strerror}.") from error


def _make_folders(root: Path, shots: Sequence[Shot]) -> None:
    for folder in sorted({shot.relpath.rpartition("/")[0] for shot in shots}):
        (root / folder).mkdir(parents=True, exist_ok=True)


def _draw_all(root: Path, name: str, shots: Sequence[Shot], seed: int, workers: int) -> Iterator[int]:
    """Draw all shots; how many are done is told after each chunk."""
    chunks = [shots[i : i + _CHUNK] for i in range(0, len(shots), _CHUNK)]
    if workers <= 1 or len(chunks) == 1:
        for number, chunk in enumerate(chunks):
            draw_chunk(root, name, chunk, seed)
            yield number * _CHUNK + len(chunk)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(draw_chunk, root, name, chunk, seed) for chunk in chunks]
        for number, job in enumerate(jobs):
            job.result()
            yield number * _CHUNK + len(chunks[number])


def draw_chunk(root: Path, name: str, shots: Sequence[Shot], seed: int) -> None:
    """Draw and write some shots of one source; each depends on nothing but itself."""
    layout: Layout = find(LAYOUTS, "LAYOUT", name)
    for shot in shots:
        (root / shot.relpath).write_bytes(encode(layout, shot, seed))


def encode(layout: Layout, shot: Shot, seed: int) -> bytes:
    """The bytes of one file: JPEG, PNG or BMP by its name, damaged where the shot says so."""
    if shot.damage == "html":
        return _ERROR_PAGE
    scene = layout.scene(shot, seed)
    pixels = FILMS["contours" if shot.sketch else shot.film](render(scene))
    if shot.relpath.endswith((".png", ".bmp")):
        return _whole(pixels, shot.relpath[-3:].upper())
    low, high = draw_camera(seed, layout.name, shot.camera, shot.infrared).quality
    data: bytes = simplejpeg.encode_jpeg(
        pixels, quality=low + scene.draws("quality").whole(high - low + 1), colorspace="RGB", colorsubsampling="420"
    )
    return data[: len(data) * 3 // 5] if shot.damage == "truncated" else data


def _whole(pixels: Pixels, kind: str) -> bytes:
    """A picture without loss, as PNG or BMP."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind, compress_level=1)
    return file.getvalue()
