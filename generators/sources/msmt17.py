"""MSMT17: fifteen campus cameras, four days in twelve parts; V2 is V1 with blurred faces in renamed folders.

`train/0005/0005_000_11_0302morning_0025_1.jpg` is person 5 of the training set, photo 0 of that person, camera 11,
the morning of 2 March, frame 25. Person numbers start again at 0 in the test set: person 5 of `test/` is somebody
else, so keys carry the set they come from. The four lists say which images train, and which ask and answer; `list_val`
holds photos of training persons that some readers add to train and others leave out: they keep the split `val`.
Without any list (only to look at names) the folder alone decides.

Source: Wei et al., CVPR 2018.
"""

import re
from collections.abc import Iterator

from generators.list_files import bad_line, bad_list, list_lines
from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.errors import BadTable
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_PATH = re.compile(
    r"(?P<pid>[0-9]{4})/(?P=pid)_(?P<photo>[0-9]{3})_(?P<cam>[0-9]{2})_(?P<date>[0-9]{4})"
    r"(?P<part>morning|noon|afternoon)_(?P<frame>[0-9]{1,9})_(?P<box>[0-9]{1,9})(?P<extra>_ex)?\.jpg"
)
_LINE = re.compile(r"(?P<path>[^\s/][^\s]*) (?P<pid>[0-9]{1,6})")
_FOLDERS = {
    "train": ("train", "V1"),
    "test": ("test", "V1"),
    "mask_train_v2": ("train", "V2"),
    "mask_test_v2": ("test", "V2"),
}
_LISTS = {
    "list_train.txt": ("train", "train", "train"),
    "list_val.txt": ("train", "val", "val"),
    "list_query.txt": ("test", "query", "test"),
    "list_gallery.txt": ("test", "gallery", "test"),
}
_NEEDED = ("list_train.txt", "list_query.txt", "list_gallery.txt")
_CAMERAS = range(1, 16)
_FORM = "0005/0005_000_11_0302morning_0025_1.jpg (cameras 01 to 15)"
_NAMES = tuple(_LISTS)
_TWICE = len(_NAMES)  # added to the list where two of them name an image
_Listed = dict[
    str, int
]  # the set and the path below it, to a line that names it: its number, times eight, and its list


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    present = {file.relpath for file in tree.files() if file.relpath in _LISTS}
    listed: _Listed = {}
    for relpath in _LISTS:
        if relpath in present:
            yield from _read_list(tree, relpath, listed)
    for file in images_of(tree):
        folder, _, path = file.relpath.partition("/")
        found = _PATH.fullmatch(path)
        if folder not in _FOLDERS:
            yield unknown_folder("msmt17", file.relpath, _FOLDERS)
        elif found is None or int(found["cam"]) not in _CAMERAS:
            yield bad_name("msmt17", file.relpath, _FORM)
        else:
            yield _row(file.relpath, folder, found, _splits(listed, present, folder, path))
    yield from _never_found(listed)


def _read_list(tree: RawTree, relpath: str, listed: _Listed) -> Iterator[Reject]:
    """Adds the images of one list; an image of two lists ends in no split, for it would leak."""
    part, which = _LISTS[relpath][0], _NAMES.index(relpath)
    try:
        for number, line in list_lines(tree, relpath):
            found = _LINE.fullmatch(line)
            if found is None or not found["path"].startswith(f"{int(found['pid']):04d}/"):
                detail = f"{line[:80]!r} is not a path and the number of its person, such as '0005/….jpg 5'."
                yield bad_line("msmt17", relpath, number, "bad_record", detail)
            elif (earlier := listed.get(f"{part}/{found['path']}")) is None:
                listed[f"{part}/{found['path']}"] = number * 2 * _TWICE + which
            elif earlier % (2 * _TWICE) != which:
                listed[f"{part}/{found['path']}"] = number * 2 * _TWICE + _TWICE + which
                detail = f"The image {found['path']!r} stands in {_NAMES[earlier % _TWICE]} too; it is used in neither."
                yield bad_line("msmt17", relpath, number, "contradiction", detail)
    except BadTable as error:
        yield bad_list("msmt17", relpath, error)


def _splits(listed: _Listed, present: set[str], folder: str, path: str) -> tuple[str, str]:
    """The list split and the split of an image that is there; it is crossed off the lists."""
    part = _FOLDERS[folder][0]
    if not present:
        return part, part
    which = listed.pop(f"{part}/{path}", None)
    if which is None:
        return "unlisted", "none"
    return ("contradiction", "none") if which % (2 * _TWICE) >= _TWICE else _LISTS[_NAMES[which % _TWICE]][1:]


def _never_found(listed: _Listed) -> Iterator[Reject]:
    for name, line in listed.items():
        part, _, path = name.partition("/")
        detail = f"The image {path!r} is listed, but the {part} folder does not hold it under a good name."
        yield bad_line("msmt17", _NAMES[line % _TWICE], line // (2 * _TWICE), "missing_file", detail)


def _row(relpath: str, folder: str, found: re.Match[str], splits: tuple[str, str]) -> PersonImage:
    pid, _, camera, date, part, frame, box, extra = found.groups()
    scope, variant = _FOLDERS[folder]
    camera_key = f"msmt17:c{int(camera)}"
    return PersonImage(
        image_id=f"msmt17/{relpath}",
        source="msmt17",
        variant=variant,
        relpath=relpath,
        source_split=splits[0],
        split=splits[1],
        role_flag="excluded" if splits[1] == "none" else "normal",
        pid_raw=pid,
        pid_scope=f"msmt17:{scope}",
        person_key=f"msmt17:{scope}/{pid}",
        cam_raw=camera,
        cam_key=camera_key,
        place_key=camera_key,
        capture_date=date,
        timeslot=part,
        frame=int(frame),
        box_index=int(box),
        box_source="detector",
        parse_warnings=("ex_suffix",) if extra else (),
    )


SOURCE = Source(
    title="MSMT17",
    setting="standard",
    licence="msmt17-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("MSMT17_V2", "MSMT17_V1", "MSMT17", "msmt17"),
    folders=("mask_train_v2", "mask_test_v2"),
    files=_NEEDED,
    other_forms=(("train/", "test/", *_NEEDED),),
    variants={"V2 (faces blurred)": ("mask_train_v2/",), "V1": ("train/", "list_train.txt")},
    reported=(
        Reported(what="train", images=30_248, persons=1_041, tag="C"),
        Reported(what="val", images=2_373, persons=1_041, tag="C"),
        Reported(what="query", images=11_659, persons=3_060, tag="C"),
        Reported(what="gallery", images=82_161, persons=3_060, tag="C"),
        Reported(what="all", images=126_441, persons=4_101, tag="C"),
    ),
    read=_read,
    examples={
        "train/0000/0000_000_01_0303morning_0008_0.jpg": {
            "person_key": "msmt17:train/0000", "pid_scope": "msmt17:train", "cam_raw": "01", "cam_key": "msmt17:c1",
            "capture_date": "0303", "timeslot": "morning", "frame": 8, "box_index": 0, "split": "train",
            "variant": "V1", "parse_warnings": (),
        },
        "mask_test_v2/0114/0114_019_10_0303noon_0284_2_ex.jpg": {
            "person_key": "msmt17:test/0114", "pid_scope": "msmt17:test", "cam_key": "msmt17:c10",
            "timeslot": "noon", "split": "test", "variant": "V2", "parse_warnings": ("ex_suffix",),
        },
        "test/0000/0000_000_15_0114afternoon_1_0.jpg": {
            "person_key": "msmt17:test/0000", "cam_raw": "15", "cam_key": "msmt17:c15", "capture_date": "0114",
        },
    },
)  # fmt: skip
