"""CUHK-PEDES: person crops of five older datasets, each with human sentences, listed in one JSON file.

One record of `reid_raw.json`: `{"split": "train", "id": 11003, "file_path": "train_query/p11600_s14885.jpg",
"captions": ["A woman ...", "She ..."], "processed_tokens": [["a", "woman", ...], ...]}`. Names carry no grammar to
trust; ids and splits are those of the file. An image has any number of captions.

Source: Li et al., CVPR 2017.
"""

import re
from collections.abc import Iterator
from typing import Any

from generators.raw_names import Repeated, images_of, plain_text, strict_json, unknown_folder
from schemas.errors import BadRawData, BadTable
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = "reid_raw.json"
_SPLITS = ("train", "val", "test")
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
_PATH = re.compile(r"(?!/)(?!.*(?:^|/)\.{1,2}(?:/|$))[^\\\x00-\x1f]+")


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    on_disk = {file.relpath for file in images_of(tree)}
    listed: set[str] = set()
    for record in _records(tree):
        if isinstance(record, Reject):
            yield record
            continue
        relpath = f"imgs/{record['file_path']}"
        if relpath in on_disk:
            yield _row(relpath, record)
        else:
            yield _refusal("person_images", f"cuhk_pedes/{relpath}", "missing_file", "The record's image is not there.")
        listed.add(relpath)
    for relpath in sorted(on_disk - listed):
        yield _unlisted(relpath)


def _unlisted(relpath: str) -> Reject:
    if not relpath.startswith("imgs/"):
        return unknown_folder("cuhk_pedes", relpath, ("imgs",))
    detail = f"No usable record of {_FILE} names this image, so nobody knows whom it shows."
    return _refusal("images", f"cuhk_pedes/{relpath}", "unlisted", detail)


def _records(tree: RawTree) -> Iterator[dict[str, Any] | Reject]:
    """The usable records, each path once, and a refusal for every other one."""
    try:
        records = _listed(tree)
    except (BadRawData, BadTable) as error:
        yield _refusal("person_images", _FILE, "damaged", str(error))
        return
    seen: set[str] = set()
    for number, record in enumerate(records, start=1):
        fault = _fault(record)
        if fault is None and record["file_path"] in seen:
            fault = f"the image {record['file_path']!r} has a record already"
        if fault is not None:
            yield _refusal("person_images", f"{_FILE} record {number}", "bad_record", f"Refused because {fault}.")
            continue
        seen.add(record["file_path"])
        yield record


def _listed(tree: RawTree) -> list[Any]:
    records = strict_json(tree.read(_FILE), _FILE)
    if not isinstance(records, list):
        raise BadTable(f"{_FILE} holds {type(records).__name__}; a list of records was expected.")
    return records


def _fault(record: Any) -> str | None:
    """What is wrong with a record, as the end of a sentence; None for a usable one."""
    if not isinstance(record, dict):
        return f"it is {type(record).__name__}, not an object"
    if isinstance(record, Repeated):
        return "it gives a key twice"
    path, person, split, captions = (record.get(name) for name in ("file_path", "id", "split", "captions"))
    if not isinstance(path, str) or not _PATH.fullmatch(path) or not path.isprintable():
        return f"its file_path {path!r} is no relative path"
    if type(person) is not int or not 0 <= person <= 999_999_999:
        return f"its id {person!r} is not a person's number"
    if not isinstance(split, str) or split.lower() not in _SPLITS:
        return f"its split {split!r} is none of {', '.join(_SPLITS)}"
    if not isinstance(captions, list):
        return "its captions are not a list"
    return None


def _row(relpath: str, record: dict[str, Any]) -> PersonImage:
    split = record["split"].lower()
    return PersonImage(
        image_id=f"cuhk_pedes/{relpath}",
        source="cuhk_pedes",
        relpath=relpath,
        source_split=split,
        split=split,
        pid_raw=str(record["id"]),
        person_key=_person(record),
        overlap_source=_TAKEN_FROM.get(record["file_path"].partition("/")[0]),
    )


def _person(record: dict[str, Any]) -> str:
    return f"cuhk_pedes:{record['id']:05d}"


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    for record in _records(tree):
        if isinstance(record, Reject):
            continue  # refused once already, as a person image
        image_id = f"cuhk_pedes/imgs/{record['file_path']}"
        tokens = record.get("processed_tokens")
        for index, raw in enumerate(record["captions"]):
            yield _caption(image_id, record, index, raw, tokens[index : index + 1] if isinstance(tokens, list) else [])


def _caption(image_id: str, record: dict[str, Any], index: int, raw: Any, tokens: list[Any]) -> Caption | Reject:
    text = plain_text(raw) if isinstance(raw, str) else ""
    if not any(letter.isalpha() for letter in text):
        return _refusal("captions", f"{image_id}#{index}", "empty", f"The caption {raw!r} says nothing."[:300])
    words = tokens[0] if tokens and isinstance(tokens[0], list) else None
    return Caption(
        caption_id=f"{image_id}#{index}",
        image_id=image_id,
        person_key=_person(record),
        caption_index=index,
        text_raw=raw.encode("utf-8", "replace").decode(),
        text=text,
        processed_tokens=tuple(str(word).encode("utf-8", "replace").decode() for word in words) if words else None,
    )


def _refusal(table: str, subject: str, reason: str, detail: str) -> Reject:
    return Reject(table=table, source="cuhk_pedes", subject=subject, reason=reason, detail=detail)


SOURCE = Source(
    title="CUHK-PEDES",
    setting="text-to-image",
    licence="cuhk-pedes-research-only",
    access_status="request",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("CUHK-PEDES", "CUHK_PEDES", "cuhk_pedes"),
    folders=("imgs",),
    files=(_FILE,),
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
