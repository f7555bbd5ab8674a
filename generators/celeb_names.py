"""The names that Celeb-reID and Celeb-reID-light share: `train/12_3_0.jpg` is person 12, photo 3.

The photos come from the street and from no fixed camera. Some readers take the second field for a camera and others
for an outfit; it is a running number of the person's photos, so camera and clothes stay unknown.
"""

import re
from collections.abc import Iterator

from generators.raw_names import bad_name, images_of, unknown_folder
from schemas.rows import PersonImage, Reject
from schemas.source import RawTree

CELEB_FOLDERS = ("train", "query", "gallery")
_NAME = re.compile(r"(?P<pid>[0-9]{1,6})_(?P<photo>[0-9]{1,9})_(?P<rest>[0-9]{1,9})\.jpg")
_SPLITS = {"train": "train", "query": "test", "gallery": "test"}


def read_celeb(source: str, tree: RawTree) -> Iterator[PersonImage | Reject]:
    """The rows of one of the two datasets; a person of both has two keys."""
    for file in images_of(tree):
        folder, _, name = file.relpath.rpartition("/")
        if folder not in CELEB_FOLDERS:
            yield unknown_folder(source, file.relpath, CELEB_FOLDERS)
        elif (found := _NAME.fullmatch(name)) is None:
            yield bad_name(source, file.relpath, "12_3_0.jpg")
        else:
            yield PersonImage(
                image_id=f"{source}/{file.relpath}",
                source=source,
                relpath=file.relpath,
                source_split=folder,
                split=_SPLITS[folder],
                pid_raw=found["pid"],
                person_key=f"{source}:{found['pid']}",
                frame=int(found["photo"]),
            )
