"""RSTPReid: 4,101 persons of MSMT17, five images each, two human sentences an image, listed in one JSON file.

`imgs/0000_c14_0031.jpg` is person 0 at camera 14. The images were renamed, so which ones of MSMT17 they are is only
found by their content. Records name their image under `img_path`, and persons count from 0. Some sentences miss the
blank after a full stop; they are kept as typed.

Source: Zhu et al., ACM Multimedia 2021.
"""

import re
from collections.abc import Iterator

from generators.caption_records import Record, RecordFile
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = RecordFile(source="rstpreid", names=("data_captions.json",), image_key="img_path", digits=4)
_NAME = re.compile(r"imgs/(?P<pid>[0-9]{4})_c(?P<cam>[0-9]{1,2})_(?P<index>[0-9]{4})\.jpg")
_CAMERAS = range(1, 16)


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    return _FILE.rows(tree, _row)


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    return _FILE.captions(tree)


def _row(relpath: str, record: Record) -> PersonImage:
    image = PersonImage(
        image_id=f"rstpreid/{relpath}",
        source="rstpreid",
        relpath=relpath,
        source_split=record.split,
        split=record.split,
        pid_raw=str(record.person),
        person_key=_FILE.person_key(record),
        overlap_source="msmt17",
    )
    found = _NAME.fullmatch(relpath)
    if found is None or int(found["cam"]) not in _CAMERAS:
        return image._replace(parse_warnings=("unusual_name",))
    camera_key = f"rstpreid:c{int(found['cam'])}"
    return image._replace(
        cam_raw=f"c{found['cam']}",
        cam_key=camera_key,
        place_key=camera_key,
        parse_warnings=() if int(found["pid"]) == record.person else ("name_of_another_person",),
    )


SOURCE = Source(
    title="RSTPReid",
    setting="text-to-image",
    licence="rstpreid-research-only",
    access_status="open",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("RSTPReid", "rstpreid"),
    folders=("imgs",),
    files=_FILE.names,
    reported=(
        Reported(what="train", images=18_505, persons=3_701, captions=37_010, tag="V"),
        Reported(what="val", images=1_000, persons=200, captions=2_000, tag="V"),
        Reported(what="test", images=1_000, persons=200, captions=2_000, tag="V"),
        Reported(what="all", images=20_505, persons=4_101, captions=41_010, tag="V"),
    ),
    read=_read,
    captions=_captions,
    examples={
        "imgs/0007_c14_0031.jpg": {
            "person_key": "rstpreid:0007", "pid_raw": "7", "cam_raw": "c14", "cam_key": "rstpreid:c14",
            "place_key": "rstpreid:c14", "overlap_source": "msmt17", "overlap_key": None, "parse_warnings": (),
        },
        "imgs/0012_c1_0000.jpg": {"cam_key": "rstpreid:c1", "parse_warnings": ("name_of_another_person",)},
    },
)  # fmt: skip
