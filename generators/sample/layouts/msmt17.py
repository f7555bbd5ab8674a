"""MSMT17 V2: a folder per person in two sets, whose numbers both start at 0, and four lists of images.

Awkward on purpose: person 0 of train is somebody else than person 0 of test, cameras with two digits, names with
`_ex`, and lists with Windows line ends and blank lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generators.sample.draws import Draws
from generators.sample.layout import Layout, Shot, seen_by, spread

NAME = "msmt17"
_CAMERAS = range(1, 16)
_TEST = 20_000  # test person n is drawn as person 20,000 + n
_FOLDERS = {"train": "mask_train_v2", "val": "mask_train_v2", "query": "mask_test_v2", "gallery": "mask_test_v2"}
_DAYS = ("0113", "0114", "0302", "0303")
_PARTS = ("morning", "noon", "afternoon")


@dataclass(frozen=True, slots=True)
class _Size:
    """Persons per set; images per list, for each of the fifteen cameras."""

    train_ids: int
    test_ids: int
    train: Sequence[int]
    val: Sequence[int]
    query: Sequence[int]
    gallery: Sequence[int]


def _even(train_ids: int, test_ids: int, *totals: int) -> _Size:
    return _Size(train_ids, test_ids, *(spread(total, len(_CAMERAS)) for total in totals))


_SIZES = {
    "tiny": _even(5, 4, 30, 9, 8, 30),
    "demo": _even(60, 30, 600, 90, 120, 450),
    "official": _Size(
        1_041, 3_060,
        (4504, 193, 416, 1522, 3967, 1577, 3216, 738, 1316, 615, 2931, 1254, 3410, 3533, 1056),
        (406, 10, 38, 92, 329, 101, 237, 57, 80, 40, 223, 110, 225, 343, 82),
        (1882, 78, 186, 480, 1689, 524, 1202, 302, 445, 294, 1007, 381, 1246, 1511, 432),
        (12368, 613, 1319, 3440, 11018, 4159, 8199, 2235, 3377, 1958, 7571, 3136, 9068, 10310, 3390),
    ),
}  # fmt: skip


def _placed(seen: dict[int, list[int]], counts: Sequence[int]) -> list[tuple[int, int]]:
    """(person, camera) of each image: those a camera sees share its images, whoever has fewest so far first."""
    images: dict[int, int] = {}
    found = []
    for camera in sorted(_CAMERAS, key=lambda camera: counts[camera - 1]):
        ranked = sorted(seen[camera], key=lambda person: (images.get(person, 0), person))
        for person, count in zip(ranked, sorted(spread(counts[camera - 1], len(ranked)), reverse=True), strict=True):
            images[person] = images.get(person, 0) + count
            found += [(person, camera)] * count
    return found


def _set(seed: int, first: int, persons: int, size: dict[str, Sequence[int]], sightings: Sequence[int]) -> list[Shot]:
    """The images of one set; photos are numbered per person, whatever list they are in."""
    share = {camera: min(persons, max(2, sightings[camera - 1])) for camera in _CAMERAS}
    seen = seen_by(Draws(seed, NAME, "cameras", first), range(first, first + persons), share)
    everything = [(person, camera, part) for part, counts in size.items() for person, camera in _placed(seen, counts)]
    photos: dict[int, int] = {}
    shots = []
    for person, camera, part in sorted(everything, key=lambda item: (item[0], item[1])):
        photo = photos.get(person, 0)
        photos[person] = photo + 1
        shots.append(_shot(seed, part, person, camera, photo))
    return shots


def _shot(seed: int, part: str, person: int, camera: int, photo: int) -> Shot:
    draws = Draws(seed, NAME, "name", person, photo)
    pid = f"{person % _TEST:04d}"
    moment = f"{draws.pick(_DAYS)}{draws.pick(_PARTS)}_{photo * 7 + 5:04d}_{draws.whole(4)}"
    name = f"{pid}_{photo:03d}_{camera:02d}_{moment}{'_ex' if draws.chance(0.4) else ''}.jpg"
    return Shot(
        relpath=f"{_FOLDERS[part]}/{pid}/{name}",
        person=person,
        camera=camera,
        take=photo,
        split=part,
        pid_raw=pid,
        cam_raw=f"{camera:02d}",
    )


def shots(size_name: str, seed: int) -> list[Shot]:
    """Every picture of the folder at a size."""
    size = _SIZES[size_name]
    train = _set(seed, 0, size.train_ids, {"train": size.train, "val": size.val}, [count // 7 for count in size.train])
    return train + _set(seed, _TEST, size.test_ids, {"query": size.query, "gallery": size.gallery}, size.query)


def write_labels(root: Path, size_name: str, seed: int, found: Sequence[Shot]) -> None:
    """The four lists."""
    for part, end in (("train", "\n"), ("val", "\r\n"), ("query", "\n"), ("gallery", "\n")):
        named = (shot for shot in found if shot.split == part)
        lines = [f"{shot.relpath.partition('/')[2]} {int(shot.pid_raw)}{end}" for shot in named]
        (root / f"list_{part}.txt").write_bytes("".join([*lines, end if part in ("val", "query") else ""]).encode())


LAYOUT = Layout(name=NAME, folder="MSMT17_V2", shots=shots, write_labels=write_labels)
