"""PRCC: three indoor cameras and a contour sketch of every photo; at camera C everybody wears something else.

`rgb/train/003/A_cropped_rgb001.jpg` is person 003 at camera A. In `test/` the camera is a folder and not in the name:
`rgb/test/C/017/cropped_rgb002.jpg`. Outfits follow from cameras: A and B show one (`AB`), C another. The validation
photos show the training persons. `sketch/` repeats the tree; its images keep the split of their photo under the
modality `sketch`, so that a rule for photos must ask for `rgb`.

Source: Yang et al., TPAMI 2021.
"""

import re
from collections.abc import Iterator

from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_LEARNT = re.compile(
    r"(?P<kind>rgb|sketch)/(?P<part>train|val)/(?P<pid>[0-9]{1,6})/(?P<cam>[ABC])_(?P<name>[ -.0-~]{1,120})\.jpg"
)
_TESTED = re.compile(
    r"(?P<kind>rgb|sketch)/(?P<part>test)/(?P<cam>[ABC])/(?P<pid>[0-9]{1,6})/(?P<name>[ -.0-~]{1,120})\.jpg"
)
_FRAME = re.compile(r"[0-9]{1,9}\Z")
_PARTS = tuple(f"{kind}/{part}" for kind in ("rgb", "sketch") for part in ("train", "val", "test"))
_OUTFITS = {"A": "AB", "B": "AB", "C": "C"}


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        found = _LEARNT.fullmatch(file.relpath) or _TESTED.fullmatch(file.relpath)
        if not file.relpath.startswith(tuple(f"{part}/" for part in _PARTS)):
            yield unknown_folder("prcc", file.relpath, _PARTS)
        elif found is None:
            yield bad_name("prcc", file.relpath, "train/003/A_….jpg, or test/A/017/….jpg (cameras A, B and C)")
        else:
            yield _row(file.relpath, found)


def _row(relpath: str, found: re.Match[str]) -> PersonImage:
    kind, part, pid, camera, name = (found[group] for group in ("kind", "part", "pid", "cam", "name"))
    camera_key = f"prcc:{camera}"
    frame = _FRAME.search(name)
    return PersonImage(
        image_id=f"prcc/{relpath}",
        source="prcc",
        relpath=relpath,
        source_split=part,
        split=part,
        pid_raw=pid,
        person_key=f"prcc:{pid}",
        cam_raw=camera,
        cam_key=camera_key,
        place_key=camera_key,
        modality=kind,
        clothes_raw=_OUTFITS[camera],
        clothes_key=f"prcc:{pid}/{_OUTFITS[camera]}",
        frame=int(frame[0]) if frame else None,
    )


SOURCE = Source(
    title="PRCC",
    setting="cloth-changing",
    licence="prcc-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb", "sketch"),
    root_names=("prcc", "PRCC"),
    folders=("rgb/train", "rgb/test"),
    variants={"RGB": ("rgb/test/",), "sketch": ("sketch/",)},
    reported=(
        Reported(what="rgb", images=33_698, persons=221, tag="V2"),
        Reported(what="train/rgb", images=17_896, persons=150, tag="V"),
        Reported(what="val/rgb", images=5_002, persons=150, tag="V"),
        Reported(what="test/rgb", images=10_800, persons=71, tag="V"),
        Reported(what="test/rgb/A", images=3_384, persons=71, tag="M"),
        Reported(what="test/rgb/B", images=3_543, persons=71, tag="M"),
        Reported(what="test/rgb/C", images=3_873, persons=71, tag="M"),
    ),
    read=_read,
    examples={
        "rgb/train/003/A_cropped_rgb001.jpg": {
            "person_key": "prcc:003", "cam_raw": "A", "cam_key": "prcc:A", "clothes_key": "prcc:003/AB", "frame": 1,
            "split": "train", "modality": "rgb",
        },
        "rgb/val/003/C_cropped_rgb017.jpg": {"clothes_key": "prcc:003/C", "split": "val", "source_split": "val"},
        "rgb/test/B/017/cropped_rgb002.jpg": {
            "person_key": "prcc:017", "cam_raw": "B", "clothes_key": "prcc:017/AB", "split": "test", "frame": 2,
        },
        "sketch/test/C/017/A_by_name_only.jpg": {
            "cam_raw": "C", "clothes_key": "prcc:017/C", "modality": "sketch", "split": "test", "frame": None,
        },
    },
)  # fmt: skip
