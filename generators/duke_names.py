"""The names that DukeMTMC-reID and Occluded-Duke share: `query/0005_c2_f0046985.jpg` is person 0005 at camera 2.

The people in it were filmed on a campus without being asked, and the dataset was withdrawn in 2019; whatever was made
from it inherits that. It is recognised here so that it can be refused: ingest reads it only for an operator who gives
a reason, and the manifest of whatever comes of it repeats the reason.
"""

import re
from collections.abc import Iterator

from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree

DUKE_FOLDERS = ("bounding_box_train", "bounding_box_test", "query")
_SPLITS = {
    "bounding_box_train": ("train", "train"),
    "bounding_box_test": ("gallery", "test"),
    "query": ("query", "test"),
}
_NAME = re.compile(r"(?P<pid>[0-9]{4})_c(?P<cam>[1-8])_f(?P<frame>[0-9]{7})\.jpg")


def read_duke(source: str, made_from: str | None, tree: RawTree) -> Iterator[PersonImage | Reject]:
    """The rows of one of the datasets; `made_from` names the one whose images a derivative sorts anew."""
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        if folder not in DUKE_FOLDERS:
            yield unknown_folder(source, file.relpath, DUKE_FOLDERS)
        elif (found := _NAME.fullmatch(name)) is None:
            yield bad_name(source, file.relpath, "0005_c2_f0046985.jpg (cameras 1 to 8)")
        else:
            yield _row(source, made_from, file.relpath, folder, found)


def _row(source: str, made_from: str | None, relpath: str, folder: str, found: re.Match[str]) -> PersonImage:
    pid, camera, frame = found.groups()
    source_split, split = _SPLITS[folder]
    camera_key = f"{source}:c{camera}"
    return PersonImage(
        image_id=f"{source}/{relpath}",
        source=source,
        relpath=relpath,
        source_split=source_split,
        split=split,
        pid_raw=pid,
        person_key=f"{source}:{pid}",
        cam_raw=f"c{camera}",
        cam_key=camera_key,
        place_key=camera_key,
        frame=int(frame),
        overlap_source=made_from,
        overlap_key=found[0] if made_from else None,
    )
