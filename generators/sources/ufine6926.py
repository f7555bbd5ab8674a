"""UFine6926: 26,206 images of 6,926 persons with two very long human sentences each, listed in one JSON file.

`images/00017.jpg` says nothing by its name; the record tells the person (counted from 1) and the split. Captions are
80 words long on average, beyond what CLIP's 77 tokens hold. The public pages do not name the JSON file: the usual
names are tried. UFine3C, which is only for evaluation, is another dataset.

Source: Zuo et al., CVPR 2024 (UFineBench).
"""

from collections.abc import Iterator

from generators.caption_records import Record, RecordFile
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAMES = ("UFine6926.json", "ufine6926.json", "UFine6926_captions.json", "data_captions.json", "captions.json")
_FILE = RecordFile(source="ufine6926", names=_NAMES, folder="images", digits=4)


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    return _FILE.rows(tree, _row)


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    return _FILE.captions(tree)


def _row(relpath: str, record: Record) -> PersonImage:
    return PersonImage(
        image_id=f"ufine6926/{relpath}",
        source="ufine6926",
        relpath=relpath,
        source_split=record.split,
        split=record.split,
        pid_raw=str(record.person),
        person_key=_FILE.person_key(record),
    )


SOURCE = Source(
    title="UFine6926",
    setting="text-to-image",
    licence="ufine6926-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("UFine6926", "ufine6926"),
    folders=("images",),
    files=_NAMES[:1],
    other_forms=tuple(("images/", name) for name in _NAMES[1:]),
    reported=(
        Reported(what="train", images=18_577, persons=4_926, captions=37_154, tag="M"),
        Reported(what="test", images=7_629, persons=2_000, captions=15_258, tag="M"),
        Reported(what="all", images=26_206, persons=6_926, captions=52_412, tag="V"),
    ),
    read=_read,
    captions=_captions,
    examples={
        "images/00017.jpg": {
            "person_key": "ufine6926:0007", "pid_raw": "7", "split": "train", "cam_key": None, "overlap_source": None,
        },
    },
)  # fmt: skip
