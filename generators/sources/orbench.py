"""ORBench: 1,000 persons in visible light, infrared, coloured drawing, sketch and words; queries combine them.

`vis/0001/…jpg`, `nir/0001/…jpg`, `cp/0001/…jpg` and `sk/0001/…jpg` show one person. Two JSON files say who trains and
what is asked (generators.orbench_lists). Photos come from SYSU-MM01 and LLCM; which one is not told. The captions of
tested persons do not say which image they describe: they are kept as invalid captions of the person's first gallery
image, flagged `image_not_told`, so that queries can name them and no question is made of them.

Source: Zuo et al., NeurIPS 2025 (ReID5o); the counts of images come from third parties.
"""

import re
from collections.abc import Iterator, Mapping

from generators.caption_records import storable
from generators.orbench_lists import GALLERY, TEST, TRAIN, Lists, Told, refusal
from generators.raw_names import bad_name, images_of, plain_text, unknown_folder
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_PATH = re.compile(r"(?P<folder>vis|nir|cp|sk)/(?P<pid>[0-9]{1,6})/(?P<name>[ -.0-~]{1,160})\.jpg")
_MODALITIES = {"vis": "rgb", "nir": "near_infrared", "cp": "colour_drawing", "sk": "sketch"}


def read_lists(tree: RawTree) -> Mapping[str, list[tuple[str, ...]]]:
    """What is ranked and what asks: `RGB_GALLERY` and every query key, each a list of groups of member ids.

    A member is an image id or, for `TEXT`, a caption id; refused entries are left out, as they are in the tables.
    """
    lists = Lists()
    for _ in lists.read(tree):
        continue
    return {GALLERY: [(f"orbench/{path}",) for path in lists.gallery], **lists.queries}


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    lists = Lists()
    present = {TRAIN, TEST} & {file.relpath for file in tree.files()}
    if present:
        yield from lists.read(tree)
    splits = lists.splits()
    seen: set[str] = set()
    for file in images_of(tree):
        found = _PATH.fullmatch(file.relpath)
        if file.relpath.partition("/")[0] not in _MODALITIES:
            yield unknown_folder("orbench", file.relpath, _MODALITIES)
        elif found is None:
            yield bad_name("orbench", file.relpath, "vis/0001/….jpg")
        else:
            seen.add(file.relpath)
            yield _row(file.relpath, found, _place(file.relpath, found, lists, splits))
    yield from _disagreements(lists, splits, seen)


def _place(relpath: str, found: re.Match[str], lists: Lists, splits: Mapping[str, str]) -> tuple[str, str]:
    """(source split, split): photos as listed, the other modalities as their person."""
    split = splits.get(found["pid"], "none")
    if split == "none":
        return "unlisted", "none"
    if found["folder"] == "vis":
        listed = relpath in (lists.train if split == "train" else lists.gallery)
        return ("gallery" if split == "test" else "train", split) if listed else ("unlisted", "none")
    return ("train", "train") if split == "train" else ("query", "test")


def _row(relpath: str, found: re.Match[str], place: tuple[str, str]) -> PersonImage:
    is_photo = found["folder"] in ("vis", "nir")
    return PersonImage(
        image_id=f"orbench/{relpath}",
        source="orbench",
        relpath=relpath,
        source_split=place[0],
        split=place[1],
        role_flag="excluded" if place[1] == "none" else "normal",
        pid_raw=found["pid"],
        person_key=f"orbench:{found['pid']}",
        modality=_MODALITIES[found["folder"]],
        overlap_source="sysu_mm01|llcm" if is_photo else None,
    )


def _disagreements(lists: Lists, splits: Mapping[str, str], seen: set[str]) -> Iterator[Reject]:
    for pid in sorted(pid for pid, split in splits.items() if split == "none"):
        detail = f"The person {pid} is in {TRAIN} and in {GALLERY}; used in neither."
        yield refusal("person_images", f"orbench:{pid}", "contradiction", detail)
    for path in sorted(set(lists.where) - seen):
        detail = f"The image {path!r} is listed in {lists.where[path]}, but it is not there under a good name."
        yield refusal("person_images", f"orbench/{path}", "missing_file", detail)


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    lists = Lists()
    for _ in lists.read(tree):
        continue  # refused once already, as person images
    for told in lists.captions:
        yield _caption(told)


def _caption(told: Told) -> Caption | Reject:
    text = plain_text(told.raw) if isinstance(told.raw, str) else ""
    if not any(letter.isalpha() for letter in text):
        return refusal("captions", told.caption_id, "empty", f"The caption {told.raw!r} says nothing."[:300])
    return Caption(
        caption_id=told.caption_id,
        image_id=f"orbench/{told.path}",
        person_key=f"orbench:{told.pid}",
        caption_index=told.index,
        text_raw=storable(told.raw),
        text=text,
        valid=told.is_paired,
        flags=() if told.is_paired else ("image_not_told",),
    )


SOURCE = Source(
    title="ORBench",
    setting="multi-modal",
    licence="orbench-research-only",
    access_status="signed",
    release_allowed=False,
    modalities=("rgb", "near_infrared", "colour_drawing", "sketch"),
    root_names=("ORBench", "orbench"),
    folders=tuple(_MODALITIES),
    files=(TRAIN, TEST),
    reported=(
        Reported(what="train", persons=600, tag="V"),
        Reported(what="test", persons=400, tag="V"),
        Reported(what="all", persons=1_000, tag="V"),
        Reported(what="rgb", images=45_113, tag="M"),
        Reported(what="near_infrared", images=26_071, tag="M"),
        Reported(what="colour_drawing", images=18_000, tag="M"),
        Reported(what="sketch", images=18_000, tag="M"),
    ),
    read=_read,
    captions=_captions,
    lists=read_lists,
    examples={
        "vis/0001/0001_c1_001.jpg": {
            "person_key": "orbench:0001", "modality": "rgb", "cam_key": None, "overlap_source": "sysu_mm01|llcm",
            "split": "none", "source_split": "unlisted", "role_flag": "excluded",
        },
        "nir/0333/a.jpg": {"modality": "near_infrared", "overlap_source": "sysu_mm01|llcm"},
        "cp/0333/a.jpg": {"modality": "colour_drawing", "overlap_source": None},
        "sk/0333/front view.jpg": {"modality": "sketch", "pid_raw": "0333"},
    },
)  # fmt: skip
