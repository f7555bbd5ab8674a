"""ICFG-PEDES: one long human sentence for each of 54,522 images of MSMT17, listed in one JSON file.

`imgs/test/1712/1712_023_05_0302morning_0312_1.jpg` still has its MSMT17 name, so camera, day and time are told, and
which image of MSMT17 it is. The folders `train` and `test` and the number 1712 are MSMT17's too: only the file says
who it is here and which split it is in, and persons of MSMT17's test set are among the training persons.

Source: Ding et al., arXiv 2107.12666 (2021).
"""

import re
from collections.abc import Iterator

from generators.caption_records import Record, RecordFile
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = RecordFile(source="icfg_pedes", names=("ICFG-PEDES.json", "ICFG_PEDES.json"), digits=4)
_NAME = re.compile(
    r"[0-9]{4}_[0-9]{3}_(?P<cam>[0-9]{2})_(?P<date>[0-9]{4})(?P<part>morning|noon|afternoon)"
    r"_(?P<frame>[0-9]{1,9})_(?P<box>[0-9]{1,9})(?:_ex)?\.jpg"
)
_CAMERAS = range(1, 16)


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    return _FILE.rows(tree, _row)


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    return _FILE.captions(tree)


def _row(relpath: str, record: Record) -> PersonImage:
    name = relpath.rpartition("/")[2]
    image = PersonImage(
        image_id=f"icfg_pedes/{relpath}",
        source="icfg_pedes",
        relpath=relpath,
        source_split=record.split,
        split=record.split,
        pid_raw=str(record.person),
        person_key=_FILE.person_key(record),
        overlap_source="msmt17",
        overlap_key=name,
    )
    found = _NAME.fullmatch(name)
    if found is None or int(found["cam"]) not in _CAMERAS:
        return image._replace(overlap_key=None, parse_warnings=("not_an_msmt17_name",))
    camera_key = f"icfg_pedes:c{int(found['cam'])}"
    return image._replace(
        cam_raw=found["cam"],
        cam_key=camera_key,
        place_key=camera_key,
        capture_date=found["date"],
        timeslot=found["part"],
        frame=int(found["frame"]),
        box_index=int(found["box"]),
        box_source="detector",
    )


SOURCE = Source(
    title="ICFG-PEDES",
    setting="text-to-image",
    licence="icfg-pedes-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("ICFG-PEDES", "ICFG_PEDES", "icfg_pedes"),
    folders=("imgs",),
    files=(_FILE.names[0],),
    other_forms=(("imgs/", _FILE.names[1]),),
    reported=(
        Reported(what="train", images=34_674, captions=34_674, tag="V2"),
        Reported(what="train", persons=3_102, tag="M"),
        Reported(what="test", images=19_848, captions=19_848, tag="V2"),
        Reported(what="test", persons=1_000, tag="M"),
        Reported(what="all", images=54_522, persons=4_102, captions=54_522, tag="V2"),
    ),
    read=_read,
    captions=_captions,
    examples={
        "imgs/test/1712/1712_023_05_0302morning_0312_1.jpg": {
            "cam_raw": "05", "cam_key": "icfg_pedes:c5", "capture_date": "0302", "timeslot": "morning", "frame": 312,
            "box_index": 1, "overlap_source": "msmt17", "overlap_key": "1712_023_05_0302morning_0312_1.jpg",
            "source_split": "train", "split": "train", "person_key": "icfg_pedes:0007", "parse_warnings": (),
        },
        "imgs/train/0114/0114_019_10_0303noon_0284_2_ex.jpg": {
            "cam_key": "icfg_pedes:c10", "timeslot": "noon", "overlap_key": "0114_019_10_0303noon_0284_2_ex.jpg",
        },
    },
)  # fmt: skip
