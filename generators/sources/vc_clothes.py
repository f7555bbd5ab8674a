"""VC-Clothes: people of a video game at four cameras, some of whom change clothes.

`train/0001-01-01-03.jpg` is person 0001 at camera 1 in outfit 1, picture 3. Cameras 2 and 3 show the same clothes,
3 and 4 other ones; both facts are matters of the protocols and not of the names. Outfits are numbered per person.

Source: Wan et al., CVPR Workshops 2020.
"""

import re
from collections.abc import Iterator

from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAME = re.compile(r"(?P<pid>[0-9]{1,6})-(?P<cam>[0-9]{1,2})-(?P<clothes>[0-9]{1,4})-(?P<number>[0-9]{1,9})\.jpg")
_FOLDERS = {"train": ("train", "train"), "query": ("query", "test"), "gallery": ("gallery", "test")}
_CAMERAS = range(1, 5)


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        found = _NAME.fullmatch(name)
        if folder not in _FOLDERS:
            yield unknown_folder("vc_clothes", file.relpath, _FOLDERS)
        elif found is None or int(found["cam"]) not in _CAMERAS:
            yield bad_name("vc_clothes", file.relpath, "0001-01-01-03.jpg (cameras 1 to 4)")
        else:
            yield _row(file.relpath, folder, found)


def _row(relpath: str, folder: str, found: re.Match[str]) -> PersonImage:
    pid, camera, clothes, number = found.groups()
    source_split, split = _FOLDERS[folder]
    camera_key = f"vc_clothes:c{int(camera)}"
    return PersonImage(
        image_id=f"vc_clothes/{relpath}",
        source="vc_clothes",
        relpath=relpath,
        source_split=source_split,
        split=split,
        pid_raw=pid,
        person_key=f"vc_clothes:{pid}",
        cam_raw=camera,
        cam_key=camera_key,
        place_key=camera_key,
        clothes_raw=clothes,
        clothes_key=f"vc_clothes:{pid}/{int(clothes)}",
        frame=int(number),
        box_source="synthetic",
    )


SOURCE = Source(
    title="VC-Clothes",
    setting="cloth-changing",
    licence="vc-clothes-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("VC-Clothes", "VC_Clothes", "vc_clothes"),
    folders=("train", "query", "gallery"),
    reported=(
        Reported(what="train", images=9_449, tag="V"),
        Reported(what="query", images=1_020, tag="V"),
        Reported(what="gallery", images=8_591, tag="V"),
        Reported(what="all", images=19_060, persons=512, tag="V2"),
        Reported(what="train", persons=256, tag="M"),
        Reported(what="test", persons=256, tag="M"),
    ),
    read=_read,
    examples={
        "train/0001-01-01-03.jpg": {
            "person_key": "vc_clothes:0001", "cam_raw": "01", "cam_key": "vc_clothes:c1", "clothes_raw": "01",
            "clothes_key": "vc_clothes:0001/1", "frame": 3, "split": "train", "box_source": "synthetic",
        },
        "query/0257-04-02-01.jpg": {
            "person_key": "vc_clothes:0257", "cam_key": "vc_clothes:c4", "clothes_key": "vc_clothes:0257/2",
            "split": "test", "source_split": "query",
        },
        "gallery/257-3-2-10.jpg": {
            "person_key": "vc_clothes:257", "cam_key": "vc_clothes:c3", "split": "test", "source_split": "gallery",
        },
    },
)  # fmt: skip
