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
    found = _NAME.fullmatch(name)
    if found is None or int(found["cam"]) not in _CAMERAS:
        return _image(relpath, record, parse_warnings=("not_an_msmt17_name",))
    camera_key = f"icfg_pedes:c{int(found['cam'])}"
    return _image(
        relpath,
        record,
        cam_raw=found["cam"],
        cam_key=camera_key,
        place_key=camera_key,
        capture_date=found["date"],
        timeslot=found["part"],
        frame=int(found["frame"]),
        box_index=int(found["box"]),
        box_source="detector",
        overlap_key=name,
    )


def _image(relpath: str, record: Record, **told: object) -> PersonImage:
    return PersonImage(
        image_id=f"icfg_pedes/{relpath}",
        source="icfg_pedes",
        relpath=relpath,
        source_split=record.split,
        split=record.split,
        pid_raw=str(record.person),
        person_key=_FILE.person_key(record),
        overlap_source="msmt17",
        **told,
    )
