"""Market-1501: six campus cameras, boxes from a detector, junk and distractors in the gallery.

`bounding_box_test/0002_c3s1_000451_02.jpg` is person 0002 at camera 3, recording 1, frame 451, second detection.
`-1` marks a box that is neither right nor wrong (junk), `0000` a false detection (distractor); both are kept and
flagged. `gt_bbox/` repeats persons with hand-drawn boxes for multi-query runs and is kept out of every split.

Source: Zheng et al., ICCV 2015; attributes by Lin et al., Pattern Recognition 2019 (read by generators.market_labels).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from generators.market_labels import read_market_attributes
from generators.raw_names import bad_name, each, images_of, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAME = re.compile(
    r"(?P<pid>-1|[0-9]{4})_c(?P<cam>[1-6])s(?P<seq>[0-9]{1,9})_(?P<frame>[0-9]{6})_(?P<box>[0-9]{2})(?P<ext>(?:\.jpg)+)"
)
_FOLDERS = {
    "bounding_box_train": ("train", "train"),
    "bounding_box_test": ("gallery", "test"),
    "query": ("query", "test"),
    "gt_bbox": ("gt_bbox", "none"),
}
_NAMES = re.compile(rf"^({'|'.join(_FOLDERS)})/{_NAME.pattern}$", re.MULTILINE)
_NOBODY = {"-1": "junk", "0000": "distractor"}


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        if folder not in _FOLDERS:
            yield unknown_folder("market1501", file.relpath, _FOLDERS)
        elif (found := _NAME.fullmatch(name)) is None:
            yield bad_name("market1501", file.relpath, "0002_c1s1_000451_03.jpg")
        else:
            yield _row(file.relpath, folder, found)


def _row(relpath: str, folder: str, found: re.Match[str]) -> PersonImage:
    pid, camera, sequence, frame, box, suffix = found.groups()
    source_split, split = _FOLDERS[folder]
    nobody = _NOBODY.get(pid)
    camera_key = f"market1501:c{camera}"
    return PersonImage(
        image_id=f"market1501/{relpath}",
        source="market1501",
        relpath=relpath,
        source_split=source_split,
        split="none" if nobody else split,
        pid_raw=pid,
        role_flag=nobody or ("excluded" if split == "none" else "normal"),
        person_key=None if nobody else f"market1501:{pid}",
        cam_raw=f"c{camera}",
        cam_key=camera_key,
        place_key=camera_key,
        sequence=int(sequence),
        frame=int(frame),
        box_index=int(box),
        box_source="hand" if box == "00" else "detector",
        parse_warnings=() if suffix == ".jpg" else ("doubled_suffix",),
    )


def _columns(relpaths: Sequence[str]) -> dict[str, Sequence[Any]] | None:
    """What `_row` says of each name, all of them matched in one sweep; None when one is not of the dataset."""
    found = _NAMES.findall("\n".join(relpaths))
    if len(found) != len(relpaths) or any("\n" in relpath for relpath in relpaths):
        return None
    folders, pids, cameras, sequences, frames, boxes, suffixes = zip(*found, strict=True)
    splits, roles = _splits_and_roles(folders, pids)
    places = each(cameras, lambda camera: f"market1501:c{camera}")
    return {
        "image_id": [f"market1501/{relpath}" for relpath in relpaths],
        "source": ["market1501"] * len(found),
        "relpath": relpaths,
        "source_split": each(folders, lambda folder: _FOLDERS[folder][0]),
        "split": splits,
        "pid_raw": pids,
        "role_flag": roles,
        "person_key": each(pids, lambda pid: None if pid in _NOBODY else f"market1501:{pid}"),
        "cam_raw": each(cameras, lambda camera: f"c{camera}"),
        "cam_key": places,
        "place_key": places,
        "sequence": each(sequences, int),
        "frame": list(map(int, frames)),
        "box_index": each(boxes, int),
        "box_source": each(boxes, lambda box: "hand" if box == "00" else "detector"),
        "parse_warnings": each(suffixes, lambda suffix: () if suffix == ".jpg" else ("doubled_suffix",)),
    }


def _splits_and_roles(folders: Sequence[str], pids: Sequence[str]) -> tuple[list[str], list[str]]:
    splits = each(folders, lambda folder: _FOLDERS[folder][1])
    if not _NOBODY.keys().isdisjoint(pids):
        splits = ["none" if pid in _NOBODY else split for split, pid in zip(splits, pids, strict=True)]
    roles = each(splits, lambda split: "excluded" if split == "none" else "normal")
    return splits, [_NOBODY.get(pid, role) for pid, role in zip(pids, roles, strict=True)]


SOURCE = Source(
    title="Market-1501",
    setting="standard",
    licence="market1501-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("Market-1501-v15.09.15", "Market-1501", "market1501"),
    folders=("bounding_box_train", "bounding_box_test", "query"),
    variants={"hand-drawn boxes for multi-query": ("gt_bbox/",), "attributes": ("market_attribute.mat",)},
    optional=("gt_bbox",),
    reported=(
        Reported(what="train", images=12_936, persons=751, tag="C"),
        Reported(what="query", images=3_368, persons=750, tag="C"),
        Reported(what="gallery", images=19_732, persons=750, tag="C"),
        Reported(what="gallery/normal", images=13_115, persons=750, tag="C"),
        Reported(what="distractor", images=2_798, tag="C"),
        Reported(what="junk", images=3_819, tag="C"),
        Reported(what="gt_bbox", images=25_259, persons=1_501, tag="V2"),
    ),
    read=_read,
    columns=_columns,
    attributes=read_market_attributes,
    examples={
        "bounding_box_train/0810_c4s4_037210_01.jpg": {
            "person_key": "market1501:0810", "cam_key": "market1501:c4", "place_key": "market1501:c4", "sequence": 4,
            "frame": 37210, "box_index": 1, "split": "train", "source_split": "train", "box_source": "detector",
        },
        "query/0001_c1s1_001051_00.jpg": {
            "person_key": "market1501:0001", "cam_raw": "c1", "split": "test", "source_split": "query",
            "box_source": "hand",
        },
        "bounding_box_test/-1_c1s1_000401_03.jpg": {
            "person_key": None, "pid_raw": "-1", "role_flag": "junk", "split": "none", "source_split": "gallery",
        },
        "bounding_box_test/0000_c6s3_500151_01.jpg": {
            "person_key": None, "pid_raw": "0000", "role_flag": "distractor", "split": "none",
        },
        "bounding_box_train/0002_c1s1_000451_03.jpg.jpg": {
            "person_key": "market1501:0002", "parse_warnings": ("doubled_suffix",),
        },
        "gt_bbox/0002_c1s1_000451_00.jpg": {
            "person_key": "market1501:0002", "split": "none", "role_flag": "excluded", "source_split": "gt_bbox",
        },
    },
)  # fmt: skip
