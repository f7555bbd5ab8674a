"""MALS: 1,510,330 generated pictures of people, each with a machine-made sentence and 27 labels.

`gene_crop/c_g_a_0/0.jpg`, listed in files `*_attrs.json`: `{"image": "gene_crop/c_g_a_0/0.jpg", "caption": "a young
boy ...", "image_id": "c_g_a_0_0", "label": [1, 0, ..., -1]}`. Labels stand in a fixed order and **0 is the first
alternative**: 0 = woman, under 18, short hair, *has* a hat, a bag, that colour; 1 is the opposite, -1 unknown. Every
picture is somebody of its own, for a generator drew it. Some lists name pictures without the folder `gene_crop/`.

Source: Yang et al., ACM Multimedia 2023 (APTM).
"""

import re
from collections.abc import Iterator
from typing import Any

from generators.caption_records import is_relative, storable
from generators.json_stream import LIMIT, records_of
from generators.label_flags import Says as _Says
from generators.label_flags import said
from generators.pictures import Place, lone_picture, refusal
from generators.raw_names import Repeated, bad_name, images_of, plain_text
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_NAME = re.compile(r"(?:gene_crop/)?(?P<part>[A-Za-z0-9_-]+)/(?P<number>[0-9]{1,9})\.jpg")
_LISTS = re.compile(r"(?:.*/)?[A-Za-z0-9_-]+_attrs\.json")
_ALL = Place("train", "train")
_UPPER = ["black", "white", "red", "purple", "yellow", "blue", "green", "gray"]
_LOWER = ["black", "white", "purple", "yellow", "blue", "green", "pink", "gray", "brown"]


def _has(key: str) -> _Says:
    return _Says(key, yes="no", no="yes")


def _colour(garment: str, word: str) -> _Says:
    return _Says(f"{garment}_color_primary", no={"gray": "grey"}.get(word, word))


# In label order: what 0 (`no`) and 1 (`yes`) say.
_ORDER: tuple[tuple[_Says, ...], ...] = (
    (_Says("gender_presentation", yes="masculine", no="feminine"),),
    (_Says("age_group", yes="adult|senior", no="child|teenager"),),
    (_Says("hair_length", yes="long", no="short"),),
    # A hat of unknown type is no value of `headwear`; its absence is one.
    (_Says("headwear", yes="none"),),
    (_has("backpack"),),
    (_has("hand_bag"),),
    (_has("shoulder_bag"),),
    (_Says("upper_sleeve", yes="short", no="long"),),
    (_Says("lower_length", yes="short", no="long"),),
    # "pants" covers trousers, jeans and shorts alike: only "dress or skirt" narrows the type.
    (_Says("lower_type", no="skirt|dress"),),
    *((_colour("upper", word),) for word in _UPPER),
    *((_colour("lower", word),) for word in _LOWER),
)
_NAMES = tuple(f"{number} {says[0].key}" for number, says in enumerate(_ORDER))
_MEANINGS = dict(zip(_NAMES, _ORDER, strict=True))


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        found = _NAME.fullmatch(file.relpath)
        if found is None:
            yield bad_name("mals", file.relpath, "gene_crop/c_g_a_0/0.jpg")
        else:
            yield lone_picture("mals", file.relpath, f"{found['part']}_{found['number']}", _ALL, box_source="generated")


def _records(tree: RawTree) -> Iterator[tuple[str, dict[str, Any]] | Reject]:
    """The image id and the record of each usable record, each picture once, and a refusal for every other one."""
    present = {file.relpath.removeprefix("gene_crop/"): file.relpath for file in images_of(tree)}
    seen: set[str] = set()
    for file in tree.files():
        if not _LISTS.fullmatch(file.relpath):
            continue
        try:
            for number, record in enumerate(records_of(tree.read(file.relpath, LIMIT), file.relpath), start=1):
                yield _checked(record, f"{file.relpath} record {number}", present, seen)
        except (BadRawData, BadTable) as error:
            yield refusal("captions", "mals", file.relpath, "damaged", str(error))


def _checked(record: Any, where: str, present: dict[str, str], seen: set[str]) -> tuple[str, dict[str, Any]] | Reject:
    path = record.get("image") if isinstance(record, dict) and not isinstance(record, Repeated) else None
    if not isinstance(path, str) or not is_relative(path):
        detail = "The record is not one object with each key once and an image that is a relative path."
        return refusal("captions", "mals", where, "bad_record", detail)
    name = path.removeprefix("gene_crop/")
    if name not in present:
        detail = f"There is no image {path!r}."
        return refusal("captions", "mals", where, "missing_file", detail)
    if name in seen:
        return refusal("captions", "mals", where, "duplicate", f"The image {path!r} has a record already.")
    seen.add(name)
    return f"mals/{present[name]}", record


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    for found in _records(tree):
        if isinstance(found, Reject):
            yield found
            continue
        image_id, record = found
        raw = record.get("caption")
        text = plain_text(raw) if isinstance(raw, str) else ""
        if not any(letter.isalpha() for letter in text):
            yield refusal("captions", "mals", f"{image_id}#0", "empty", f"The caption {raw!r} says nothing."[:300])
            continue
        yield Caption(
            caption_id=f"{image_id}#0",
            image_id=image_id,
            person_key=_person(image_id),
            caption_index=0,
            text_raw=storable(str(raw)),
            text=text,
            caption_source="mllm:mals",
        )


def _person(image_id: str) -> str:
    return "mals:" + "_".join(image_id.removesuffix(".jpg").split("/")[-2:])


def _attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    for found in _records(tree):
        if not isinstance(found, Reject):  # refused once already, as a caption
            yield from _labels(*found)


def _labels(image_id: str, record: dict[str, Any]) -> Iterator[Attribute | Reject]:
    label = record.get("label")
    if not isinstance(label, list) or len(label) != len(_ORDER):
        detail = f"The label is no list of {len(_ORDER)} numbers."
        yield refusal("attributes", "mals", image_id, "bad_column", detail)
        return
    for place, value in enumerate(label):
        if type(value) is not int or value not in (-1, 0, 1):
            detail = f"The label {_NAMES[place]!r} is {value!r}; 0, 1 and -1 are possible."[:300]
            yield refusal("attributes", "mals", f"{image_id}#{place}", "impossible_value", detail)
    values, _ = said(_MEANINGS, _NAMES, [value if type(value) is int else -1 for value in label])
    yield from _colours(image_id, label)
    for key, value in values.items():
        if not key.endswith("_color_primary"):
            yield _row(image_id, key, value)


def _colours(image_id: str, label: list[Any]) -> Iterator[Attribute]:
    """Each garment's colours that are marked; two may be there, and either is a right answer."""
    for first, words, garment in ((10, _UPPER, "upper"), (18, _LOWER, "lower")):
        marked = tuple(int(label[first + at] == 0 and label[first + at] is not False) for at in range(len(words)))
        key = f"{garment}_color_primary"
        named = {word: (_Says(key, yes={"gray": "grey"}.get(word, word)),) for word in words}
        values, _ = said(named, words, marked)
        if key in values:
            yield _row(image_id, key, values[key])


def _row(image_id: str, key: str, value: str) -> Attribute:
    return Attribute(level="image", key=key, value=value, attribute_source="mals", image_id=image_id)


SOURCE = Source(
    title="MALS",
    setting="captions",
    licence="mals-research-only",
    access_status="open",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("MALS", "mals"),
    folders=("gene_crop",),
    reported=(Reported(what="all", images=1_510_330, captions=1_510_330, tag="V"),),
    read=_read,
    captions=_captions,
    attributes=_attributes,
    examples={
        "gene_crop/c_g_a_0/20217.jpg": {
            "person_key": "mals:c_g_a_0_20217", "pid_raw": "c_g_a_0_20217", "pid_scope": "image", "split": "train",
            "box_source": "generated",
        },
        "gene_crop/4x/7.jpg": {"person_key": "mals:4x_7", "cam_key": None},
    },
)  # fmt: skip
