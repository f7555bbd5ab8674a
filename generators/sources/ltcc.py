"""LTCC: twelve indoor cameras over two months, persons in several outfits.

`train/001_1_c5_015874.png` is person 001 in outfit 1 at camera 5. Outfits are numbered per person. `test/` is the
gallery. The lists in `info/` repeat what the names say and are not needed.

Source: Qian et al., ACCV 2020.
"""

import re
from collections.abc import Iterator

from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAME = re.compile(r"(?P<pid>[0-9]{1,6})_(?P<clothes>[0-9]{1,4})_c(?P<cam>[0-9]{1,2})_(?P<frame>[0-9]{1,9})\.png")
_FOLDERS = {"train": ("train", "train"), "query": ("query", "test"), "test": ("gallery", "test")}
_CAMERAS = range(1, 13)


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        found = _NAME.fullmatch(name)
        if folder not in _FOLDERS:
            yield unknown_folder("ltcc", file.relpath, _FOLDERS)
        elif found is None or int(found["cam"]) not in _CAMERAS:
            yield bad_name("ltcc", file.relpath, "001_1_c5_015874.png (cameras 1 to 12)")
        else:
            yield _row(file.relpath, folder, found)


def _row(relpath: str, folder: str, found: re.Match[str]) -> PersonImage:
    pid, clothes, camera, frame = found.groups()
    source_split, split = _FOLDERS[folder]
    camera_key = f"ltcc:c{int(camera)}"
    return PersonImage(
        image_id=f"ltcc/{relpath}",
        source="ltcc",
        relpath=relpath,
        source_split=source_split,
        split=split,
        pid_raw=pid,
        person_key=f"ltcc:{pid}",
        cam_raw=f"c{camera}",
        cam_key=camera_key,
        place_key=camera_key,
        clothes_raw=clothes,
        clothes_key=f"ltcc:{pid}/{int(clothes)}",
        frame=int(frame),
    )


SOURCE = Source(
    title="LTCC",
    setting="cloth-changing",
    licence="ltcc-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("LTCC_ReID", "LTCC", "ltcc"),
    folders=("train", "query", "test"),
    reported=(
        Reported(what="train", images=9_576, persons=77, tag="V2"),
        Reported(what="query", images=493, persons=75, tag="V2"),
        Reported(what="gallery", images=7_050, persons=75, tag="V2"),
        Reported(what="all", images=17_119, persons=152, tag="V2"),
    ),
    read=_read,
    examples={
        "train/001_1_c5_015874.png": {
            "person_key": "ltcc:001", "clothes_key": "ltcc:001/1", "clothes_raw": "1", "cam_key": "ltcc:c5",
            "frame": 15874, "split": "train", "source_split": "train",
        },
        "query/094_12_c12_000001.png": {
            "person_key": "ltcc:094", "clothes_key": "ltcc:094/12", "cam_raw": "c12", "cam_key": "ltcc:c12",
            "split": "test", "source_split": "query",
        },
        "test/000_2_c1_038009.png": {
            "person_key": "ltcc:000", "clothes_key": "ltcc:000/2", "split": "test", "source_split": "gallery",
        },
    },
)  # fmt: skip
