"""CUHK-PEDES: person crops of five older datasets, each with human sentences, listed in one JSON file.

One record of `reid_raw.json`: `{"split": "train", "id": 11003, "file_path": "train_query/p11600_s14885.jpg",
"captions": ["A woman ...", "She ..."], "processed_tokens": [["a", "woman", ...], ...]}`. Names carry no grammar to
trust; ids and splits are those of the file. An image has any number of captions.

Source: Li et al., CVPR 2017.
"""

from collections.abc import Iterator

from generators.caption_records import Record, RecordFile
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = RecordFile(source="cuhk_pedes", names=("reid_raw.json",))
# The folders below imgs/ are the datasets that the crops were taken from.
_TAKEN_FROM = {
    "cam_a": "viper",
    "cam_b": "viper",
    "CUHK01": "cuhk01",
    "CUHK03": "cuhk03",
    "Market": "market1501",
    "train_query": "cuhk_sysu",
    "test_query": "cuhk_sysu",
}


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    return _FILE.rows(tree, _row)


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    return _FILE.captions(tree)


def _row(relpath: str, record: Record) -> PersonImage:
    return PersonImage(
        image_id=f"cuhk_pedes/{relpath}",
        source="cuhk_pedes",
        relpath=relpath,
        source_split=record.split,
        split=record.split,
        pid_raw=str(record.person),
        person_key=_FILE.person_key(record),
        overlap_source=_TAKEN_FROM.get(relpath.split("/")[1]),
    )


SOURCE = Source(
    title="CUHK-PEDES",
    setting="text-to-image",
    licence="cuhk-pedes-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("CUHK-PEDES", "CUHK_PEDES", "cuhk_pedes"),
    folders=("imgs",),
    files=_FILE.names,
    reported=(
        Reported(what="train", images=34_054, persons=11_003, captions=68_126, tag="V"),
        Reported(what="val", images=3_078, persons=1_000, captions=6_158, tag="M"),
        Reported(what="test", images=3_074, persons=1_000, captions=6_156, tag="M"),
        Reported(what="all", images=40_206, persons=13_003, captions=80_440, tag="V2"),
    ),
    read=_read,
    captions=_captions,
    examples={
        "imgs/CUHK03/564_3.jpg": {
            "person_key": "cuhk_pedes:00564", "split": "train", "overlap_source": "cuhk03", "cam_key": None,
        },
        "imgs/train_query/p11600_s14885.jpg": {"overlap_source": "cuhk_sysu", "split": "train"},
    },
)  # fmt: skip
