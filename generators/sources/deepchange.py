"""DeepChange: seventeen cameras over a year; persons in many outfits, tracked in short sequences.

`train-set/P318_C11_2_000451.jpg` is person P318 at camera 11 with the clothes label 2. A list beside each folder
(`train-set-bbox.txt`) gives every image its tracklet; the evaluation removes the query's own tracklet and not its
camera. Only the first three fields of a name are known to be the same everywhere; the rest is kept in the path.
Faces must be blocked wherever a picture is shown.

Source: Xu and Zhu, ICCV 2023.
"""

import re
from collections.abc import Iterator

from generators.list_files import bad_line, bad_list, list_lines
from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.errors import BadTable
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAME = re.compile(
    r"P(?P<pid>[0-9]{1,6})_C(?P<cam>[0-9]{1,2})_(?P<clothes>[0-9A-Za-z-]{1,40})(?P<rest>[_.][ -.0-~]{1,120})?\.jpg"
)
_LINE = re.compile(r"(?P<name>[^,\s/]{1,200}),(?P<tracklet>[0-9]{1,18})(?:,.*)?")
_FOLDERS = {
    "train-set": ("train", "train"),
    "val-set-query": ("val_query", "val"),
    "val-set-gallery": ("val_gallery", "val"),
    "test-set-query": ("query", "test"),
    "test-set-gallery": ("gallery", "test"),
}
_LISTS = {folder: f"{folder}-bbox.txt" for folder in _FOLDERS}
_CAMERAS = range(1, 18)
_Tracklets = dict[str, tuple[str | None, int]]


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    present = {file.relpath for file in tree.files() if file.relpath in _LISTS.values()}
    tracklets: dict[str, _Tracklets] = {folder: {} for folder in _FOLDERS}
    for folder, relpath in _LISTS.items():
        if relpath in present:
            yield from _read_list(tree, relpath, tracklets[folder])
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        found = _NAME.fullmatch(name)
        if folder not in _FOLDERS:
            yield unknown_folder("deepchange", file.relpath, _FOLDERS)
        elif found is None or int(found["cam"]) not in _CAMERAS:
            yield bad_name("deepchange", file.relpath, "P318_C11_2_000451.jpg (cameras 1 to 17)")
        else:
            unlisted = _LISTS[folder] in present and name not in tracklets[folder]
            tracklet = tracklets[folder].pop(name, (None, 0))[0]
            yield _row(file.relpath, folder, found, tracklet, unlisted)
    yield from _never_found(tracklets)


def _read_list(tree: RawTree, relpath: str, tracklets: _Tracklets) -> Iterator[Reject]:
    """Adds the tracklets of one list; an image with two of them has none."""
    try:
        for number, line in list_lines(tree, relpath):
            found = _LINE.fullmatch(line)
            if found is None:
                detail = f"{line[:80]!r} is not an image and its tracklet, such as 'P318_C11_2_000451.jpg,17'."
                yield bad_line("deepchange", relpath, number, "bad_record", detail)
            elif (earlier := tracklets.get(found["name"])) is None:
                tracklets[found["name"]] = (str(int(found["tracklet"])), number)
            elif earlier[0] != str(int(found["tracklet"])):
                tracklets[found["name"]] = (None, number)
                detail = f"The image {found['name']!r} has another tracklet in line {earlier[1]}; it keeps neither."
                yield bad_line("deepchange", relpath, number, "contradiction", detail)
    except BadTable as error:
        yield bad_list("deepchange", relpath, error)


def _never_found(tracklets: dict[str, _Tracklets]) -> Iterator[Reject]:
    for folder, left in tracklets.items():
        for name, (_, number) in left.items():
            detail = f"The image {name!r} is listed, but {folder}/ does not hold it under a good name."
            yield bad_line("deepchange", _LISTS[folder], number, "missing_file", detail)


def _row(relpath: str, folder: str, found: re.Match[str], tracklet: str | None, unlisted: bool) -> PersonImage:
    pid, camera, clothes = found["pid"], found["cam"], found["clothes"]
    source_split, split = _FOLDERS[folder]
    camera_key = f"deepchange:c{int(camera)}"
    return PersonImage(
        image_id=f"deepchange/{relpath}",
        source="deepchange",
        relpath=relpath,
        source_split=source_split,
        split=split,
        pid_raw=f"P{pid}",
        person_key=f"deepchange:P{int(pid)}",
        cam_raw=f"C{camera}",
        cam_key=camera_key,
        place_key=camera_key,
        clothes_raw=clothes,
        clothes_key=f"deepchange:P{int(pid)}/{clothes}",
        tracklet=tracklet,
        parse_warnings=("unlisted",) if unlisted else (),
    )


SOURCE = Source(
    title="DeepChange",
    setting="cloth-changing",
    licence="deepchange-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("DeepChangeDataset", "DeepChange", "deepchange"),
    folders=tuple(_FOLDERS),
    files=tuple(_LISTS.values()),
    reported=(
        Reported(what="all", images=178_407, persons=1_121, tag="V"),
        Reported(what="train", images=75_083, persons=450, tag="M"),
        Reported(what="val_query", images=4_976, persons=150, tag="M"),
        Reported(what="val_gallery", images=17_865, persons=150, tag="M"),
        Reported(what="query", images=17_527, persons=521, tag="M"),
        Reported(what="gallery", images=62_956, persons=521, tag="M"),
    ),
    read=_read,
    examples={
        "train-set/P318_C11_2_000451.jpg": {
            "person_key": "deepchange:P318", "pid_raw": "P318", "cam_raw": "C11", "cam_key": "deepchange:c11",
            "clothes_raw": "2", "clothes_key": "deepchange:P318/2", "split": "train", "tracklet": None,
        },
        "val-set-query/P7_C1_1_3.jpg": {"person_key": "deepchange:P7", "split": "val", "source_split": "val_query"},
        "test-set-gallery/P1004_C17_12_99_2.jpg": {
            "person_key": "deepchange:P1004", "cam_key": "deepchange:c17", "clothes_key": "deepchange:P1004/12",
            "split": "test", "source_split": "gallery",
        },
    },
)  # fmt: skip
