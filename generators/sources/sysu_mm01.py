"""SYSU-MM01: four visible-light and two infrared cameras; persons are split by lists of ids.

`cam3/0006/0001.jpg` is person 0006 at infrared camera 3. Cameras 2 and 3 look at the same room, which the evaluation
must know. `exp/train_id.txt`, `val_id.txt` and `test_id.txt` hold comma-separated ids; a person in none of them is
kept as `invalid_id` and belongs to no split. The fixed permutations of the official protocols are read from
`exp/rand_perm_cam.mat` (generators.sysu_permutations).

Source: Wu et al., ICCV 2017.
"""

import re
from collections.abc import Iterator

from generators.list_files import list_text
from generators.raw_names import bad_name, images_of, unknown_folder
from generators.sysu_permutations import lists, permutations_file, read_permutations
from schemas.errors import BadTable
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_PATH = re.compile(r"cam(?P<cam>[1-6])/(?P<pid>[0-9]{4})/(?P<frame>[0-9]{4,9})\.jpg")
_FOLDERS = tuple(f"cam{number}" for number in range(1, 7))
_LISTS = {"exp/train_id.txt": "train", "exp/val_id.txt": "val", "exp/test_id.txt": "test"}
_INFRARED = ("3", "6")
_SAME_ROOM = ("2", "3")


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    splits: dict[int, str] = {}
    for relpath, split in _LISTS.items():
        yield from _read_list(tree, relpath, split, splits)
    yield from _bad_permutations(tree)
    for file in images_of(tree):
        if file.relpath.partition("/")[0] not in _FOLDERS:
            yield unknown_folder("sysu_mm01", file.relpath, _FOLDERS)
        elif (found := _PATH.fullmatch(file.relpath)) is None:
            yield bad_name("sysu_mm01", file.relpath, "cam3/0006/0001.jpg")
        else:
            yield _row(file.relpath, found, splits)


def _read_list(tree: RawTree, relpath: str, split: str, splits: dict[int, str]) -> Iterator[Reject]:
    """Adds the ids of one list to `splits`; a person of two lists ends in no split, for it would leak."""
    try:
        text = list_text(tree, relpath)
    except BadTable as error:
        yield _refusal(relpath, "damaged", str(error))
        return
    for place, word in enumerate((word for word in re.split(r"[,\s]+", text) if word), start=1):
        if not word.isdigit() or len(word) > 6:
            yield _refusal(f"{relpath} entry {place}", "bad_person", f"{word!r} is not the number of a person.")
        elif splits.setdefault(int(word), split) != split:
            detail = f"The person {word} stands in the {splits[int(word)]} list and in the {split} list; used in none."
            splits[int(word)] = "none"
            yield _refusal(f"{relpath} entry {place}", "contradiction", detail)


def _bad_permutations(tree: RawTree) -> Iterator[Reject]:
    where = permutations_file(tree)
    try:
        if where:
            read_permutations(tree, where)
    except BadTable as error:
        yield _refusal(where or "", "damaged", f"The official permutations cannot be read: {error}.")


def _row(relpath: str, found: re.Match[str], splits: dict[int, str]) -> PersonImage:
    camera, pid, frame = found.groups()
    split = splits.get(int(pid), "none")
    camera_key = f"sysu_mm01:c{camera}"
    return PersonImage(
        image_id=f"sysu_mm01/{relpath}",
        source="sysu_mm01",
        relpath=relpath,
        source_split=split,
        split=split,
        pid_raw=pid,
        role_flag="invalid_id" if split == "none" else "normal",
        person_key=f"sysu_mm01:{pid}",
        cam_raw=f"cam{camera}",
        cam_key=camera_key,
        place_key="sysu_mm01:room2" if camera in _SAME_ROOM else camera_key,
        modality="near_infrared" if camera in _INFRARED else "rgb",
        frame=int(frame),
    )


def _refusal(subject: str, reason: str, detail: str) -> Reject:
    return Reject(table="person_images", source="sysu_mm01", subject=subject, reason=reason, detail=detail)


SOURCE = Source(
    title="SYSU-MM01",
    setting="visible-infrared",
    licence="sysu-mm01-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb", "near_infrared"),
    root_names=("SYSU-MM01", "SYSU_MM01", "sysu_mm01"),
    folders=(*_FOLDERS, "exp"),
    files=tuple(_LISTS),
    variants={"official permutations": ("exp/rand_perm_cam.mat",)},
    reported=(
        Reported(what="rgb", images=30_071, tag="C"),
        Reported(what="near_infrared", images=15_792, tag="C"),
        Reported(what="train/rgb", images=20_284, persons=296, tag="C"),
        Reported(what="train/near_infrared", images=9_929, persons=296, tag="C"),
        Reported(what="val/rgb", images=1_974, persons=99, tag="C"),
        Reported(what="val/near_infrared", images=1_980, persons=99, tag="C"),
        Reported(what="test/near_infrared", images=3_803, persons=96, tag="C"),
        Reported(what="invalid_id", persons=22, tag="C"),
    ),
    read=_read,
    lists=lists,
    examples={
        "cam3/0006/0001.jpg": {
            "person_key": "sysu_mm01:0006", "cam_raw": "cam3", "cam_key": "sysu_mm01:c3",
            "place_key": "sysu_mm01:room2", "modality": "near_infrared", "frame": 1,
        },
        "cam2/0333/0020.jpg": {
            "person_key": "sysu_mm01:0333", "cam_key": "sysu_mm01:c2", "place_key": "sysu_mm01:room2",
            "modality": "rgb", "split": "none", "role_flag": "invalid_id",
        },
        "cam6/0533/0004.jpg": {"place_key": "sysu_mm01:c6", "modality": "near_infrared"},
    },
)  # fmt: skip
