"""SYNTH-PEDES: 312,321 persons of web videos in 4.8 million crops, described and labelled by machine.

`Part1/7/1.jpg` shows person 7. `synthpedes_dataset.json` lists `{"id": 7, "file_path": "Part1/7/1.jpg", "attributes":
["man,black hair,black shirt,pink shorts,black shoes,unknown"], "captions": [...], "prompt_caption": [...]}`: six
comma slots (gender, hair, upper, lower, shoes, carried) of free words, or `unknown`. Only words of the closed
vocabulary become labels. Captions of a model and of a template are told apart by their source. The whole file takes
some gigabytes; it is read record by record.

Source: Zuo et al., NeurIPS 2024 (PLIP).
"""

import re
from collections.abc import Iterator
from typing import Any

from generators.caption_records import storable
from generators.json_stream import LIMIT, records_of
from generators.pictures import refusal
from generators.raw_names import Repeated, bad_name, images_of, plain_text
from schemas.errors import BadRawData, BadTable
from schemas.rows import Attribute, Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FILE = "synthpedes_dataset.json"
_NAME = re.compile(r"Part(?:[1-9]|1[01])/(?P<pid>[0-9]{1,9})/(?P<number>[0-9]{1,9})\.jpg")
_SLOTS = 6
_GENDERS = {
    "man": "masculine", "woman": "feminine", "boy": "masculine", "girl": "feminine", "male": "masculine",
    "female": "feminine",
}  # fmt: skip
_PLAIN = ("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "beige")
_COLOURS = dict(zip(_PLAIN, _PLAIN, strict=True)) | {"gray": "grey", "navy": "dark_blue", "khaki": "beige"}
_HAIR = {"black": "black", "brown": "brown", "blonde": "blond", "blond": "blond", "grey": "grey", "gray": "grey",
         "white": "white", "red": "red"}  # fmt: skip
_UPPER = {"shirt": "shirt", "t-shirt": "t_shirt", "jacket": "jacket", "coat": "coat", "sweater": "sweater",
          "hoodie": "hoodie", "vest": "vest", "polo": "polo", "blouse": "blouse"}  # fmt: skip
_LOWER = {"shorts": "shorts", "jeans": "jeans", "trousers": "trousers", "skirt": "skirt", "dress": "dress",
          "leggings": "leggings", "pants": "trousers|jeans|leggings|sweatpants|suit_trousers"}  # fmt: skip
_SHOES = {"sneakers": "sneakers", "boots": "boots", "sandals": "sandals", "heels": "heels"}
_CARRIED = {"backpack": "backpack", "handbag": "hand_bag", "shoulder bag": "shoulder_bag"}


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        found = _NAME.fullmatch(file.relpath)
        if found is None:
            yield bad_name("synth_pedes", file.relpath, "Part1/7/1.jpg (parts 1 to 11)")
            continue
        yield PersonImage(
            image_id=f"synth_pedes/{file.relpath}",
            source="synth_pedes",
            relpath=file.relpath,
            source_split="train",
            split="train",
            pid_raw=found["pid"],
            person_key=f"synth_pedes:{int(found['pid'])}",
        )


def _records(tree: RawTree) -> Iterator[dict[str, Any] | Reject]:
    """The usable records, each picture once, and a refusal for every other one."""
    present = {file.relpath for file in images_of(tree)}
    seen: set[str] = set()
    try:
        for number, record in enumerate(records_of(tree.read(_FILE, LIMIT), _FILE), start=1):
            fault = _fault(record, present, seen)
            if fault is None:
                seen.add(record["file_path"])
                yield record
            else:
                yield refusal("captions", "synth_pedes", f"{_FILE} record {number}", *fault)
    except (BadRawData, BadTable) as error:
        yield refusal("captions", "synth_pedes", _FILE, "damaged", str(error))


def _fault(record: Any, present: set[str], seen: set[str]) -> tuple[str, str] | None:
    """The reason and detail of what is wrong with a record."""
    path = record.get("file_path") if isinstance(record, dict) and not isinstance(record, Repeated) else None
    found = _NAME.fullmatch(path) if isinstance(path, str) else None
    if path is None or found is None:
        return "bad_record", f"Its file_path is {path!r}; a path such as 'Part1/7/1.jpg' was expected."[:300]
    if type(record.get("id")) is not int or record["id"] != int(found["pid"]):
        return "contradiction", f"Its id is {record.get('id')!r}, but its path {path!r} names another person."[:300]
    if path not in present:
        return "missing_file", f"There is no image {path!r}."
    return ("duplicate", f"The image {path!r} has a record already.") if path in seen else None


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    for record in _records(tree):
        if isinstance(record, Reject):
            yield record
            continue
        made = [(text, "mllm:spac") for text in _list(record, "captions")]
        made += [(text, "template") for text in _list(record, "prompt_caption")]
        for index, (raw, by) in enumerate(made):
            yield _caption(record, index, raw, by)


def _list(record: dict[str, Any], name: str) -> list[Any]:
    found = record.get(name)
    return found if isinstance(found, list) else []


def _caption(record: dict[str, Any], index: int, raw: Any, by: str) -> Caption | Reject:
    image_id = f"synth_pedes/{record['file_path']}"
    text = plain_text(raw) if isinstance(raw, str) else ""
    if not any(letter.isalpha() for letter in text):
        detail = f"The caption {raw!r} says nothing."[:300]
        return refusal("captions", "synth_pedes", f"{image_id}#{index}", "empty", detail)
    return Caption(
        caption_id=f"{image_id}#{index}",
        image_id=image_id,
        person_key=f"synth_pedes:{record['id']}",
        caption_index=index,
        text_raw=storable(raw),
        text=text,
        caption_source=by,
        model=by.partition(":")[2] or None,
    )


def _attributes(tree: RawTree) -> Iterator[Attribute | Reject]:
    for record in _records(tree):
        if not isinstance(record, Reject):  # refused once already, as a caption
            yield from _slots(record)


def _slots(record: dict[str, Any]) -> Iterator[Attribute | Reject]:
    image_id = f"synth_pedes/{record['file_path']}"
    texts = _list(record, "attributes")
    words = texts[0].split(",") if len(texts) == 1 and isinstance(texts[0], str) else []
    if len(words) != _SLOTS:
        detail = f"Its attributes {texts!r} are not one text of {_SLOTS} slots between commas."[:300]
        yield refusal("attributes", "synth_pedes", image_id, "bad_column", detail)
        return
    for key, value in _values([word.strip().lower() for word in words]).items():
        yield Attribute(level="image", key=key, value=value, attribute_source="synth_pedes", image_id=image_id)


def _values(slots: list[str]) -> dict[str, str]:
    """What six slots of words say in the closed vocabulary; `unknown` and other words say nothing."""
    gender, hair, upper, lower, shoes, carried = slots
    found = {
        "gender_presentation": _GENDERS.get(gender),
        "hair_color": _HAIR.get(hair.removesuffix(" hair")),
        "upper_color_primary": _COLOURS.get(upper.partition(" ")[0]),
        "upper_type": _UPPER.get(upper.rpartition(" ")[2]),
        "lower_color_primary": _COLOURS.get(lower.partition(" ")[0]),
        "lower_type": _LOWER.get(lower.rpartition(" ")[2]),
        "footwear_color": _COLOURS.get(shoes.partition(" ")[0]),
        "footwear_type": _SHOES.get(shoes.rpartition(" ")[2]),
    }
    found |= {key: "yes" for word, key in _CARRIED.items() if carried.endswith(word)}
    return {key: value for key, value in found.items() if value}


SOURCE = Source(
    title="SYNTH-PEDES",
    setting="captions",
    licence="synth-pedes-research-only",
    access_status="open",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("SYNTH-PEDES", "SYNTH_PEDES", "synth_pedes"),
    folders=("Part1",),
    files=(_FILE,),
    reported=(Reported(what="all", images=4_791_711, persons=312_321, captions=12_138_157, tag="V2"),),
    read=_read,
    captions=_captions,
    attributes=_attributes,
    examples={
        "Part1/7/1.jpg": {"person_key": "synth_pedes:7", "pid_raw": "7", "split": "train", "cam_key": None},
        "Part11/312320/12.jpg": {"person_key": "synth_pedes:312320"},
    },
)  # fmt: skip
