"""LUPerson-MLLM: about a million crops of web videos, each described by up to four multimodal models' answers.

`LUPerson-MLLM/<name>.jpg` and four dictionaries {image path: caption}, wherever they stand: `Ts-qwen.json`,
`Td-qwen.json`, `Ts-shikra.json`, `Td-shikra.json` (s for the static instruction, d for the dynamic ones). They are
joined on the base name of the path. An answer that still holds `description]` or `<` is a leftover of the prompt: it
stays, flagged, and is not valid. Nobody knows whom a crop shows; several crops of one video show the same person.

Source: Tan et al., CVPR 2024 (MLLM4Text-ReID).
"""

import re
from collections.abc import Iterator
from typing import Any

from generators.caption_records import storable
from generators.pictures import Place, lone_picture, refusal
from generators.raw_names import Repeated, images_of, plain_text, strict_json, unknown_folder
from schemas.errors import BadRawData, BadTable
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree, Reported, Source

_FOLDER = "LUPerson-MLLM"
# Caption files in the order of their caption index: style and model.
_FILES = {
    "Ts-qwen.json": ("static", "qwen"),
    "Td-qwen.json": ("dynamic", "qwen"),
    "Ts-shikra.json": ("static", "shikra"),
    "Td-shikra.json": ("dynamic", "shikra"),
}
_NAME = re.compile(r"LUPerson-MLLM/(?P<name>[^/]+)\.jpg")
_LIMIT = 4 << 30
_ALL = Place("train", "train")


def _read(tree: RawTree) -> Iterator[PersonImage | Reject]:
    for file in images_of(tree):
        found = _NAME.fullmatch(file.relpath)
        if found is None or not file.relpath.isprintable():
            yield unknown_folder("luperson_mllm", file.relpath, (f"{_FOLDER}/*.jpg",))
        else:
            yield lone_picture("luperson_mllm", file.relpath, found["name"], _ALL)


def _captions(tree: RawTree) -> Iterator[Caption | Reject]:
    there: dict[str, str] = {}
    for file in tree.files():
        there.setdefault(file.relpath.rpartition("/")[2], file.relpath)
    present = {name for name in there if there[name] == f"{_FOLDER}/{name}" and name.endswith(".jpg")}
    for index, name in enumerate(_FILES):
        if name not in there:
            yield refusal("captions", "luperson_mllm", name, "missing_file", f"The caption file {name} is not there.")
            continue
        try:
            found = _answers(tree, there[name])
        except (BadRawData, BadTable) as error:
            yield refusal("captions", "luperson_mllm", there[name], "damaged", str(error))
            continue
        yield from _of_file(there[name], index, found, present)


def _answers(tree: RawTree, relpath: str) -> dict[str, Any]:
    found = strict_json(tree.read(relpath, _LIMIT), relpath)
    if not isinstance(found, dict):
        raise BadTable(f"{relpath} holds {type(found).__name__}; a dictionary of captions was expected.")
    if isinstance(found, Repeated):
        raise BadTable(f"{relpath} gives an image twice, so which caption is meant is unknown.")
    return found


def _of_file(relpath: str, index: int, answers: dict[str, Any], present: set[str]) -> Iterator[Caption | Reject]:
    """The captions of one file; the first of several paths with the same base name counts."""
    seen: set[str] = set()
    lost = 0
    for path, raw in answers.items():
        name = path.rpartition("/")[2]
        if name not in present:
            lost += 1
        elif name in seen:
            detail = f"Another path with the base name {name!r} has a caption already."
            yield refusal("captions", "luperson_mllm", f"{relpath}#{name}", "duplicate", detail)
        else:
            yield _caption(name, index, raw)
        seen.add(name)
    if lost:
        detail = f"{lost} captions are about images that are not there."
        yield refusal("captions", "luperson_mllm", relpath, "missing_file", detail)


def _caption(name: str, index: int, raw: Any) -> Caption | Reject:
    style, model = list(_FILES.values())[index]
    image_id = f"luperson_mllm/{_FOLDER}/{name}"
    text = plain_text(raw) if isinstance(raw, str) else ""
    if not any(letter.isalpha() for letter in text):
        detail = f"The caption {raw!r} says nothing."[:300]
        return refusal("captions", "luperson_mllm", f"{image_id}#{index}", "empty", detail)
    leftover = "description]" in text or "<" in text
    return Caption(
        caption_id=f"{image_id}#{index}",
        image_id=image_id,
        person_key=f"luperson_mllm:{name.removesuffix('.jpg')}",
        caption_index=index,
        text_raw=storable(raw),
        text=text,
        caption_source=f"mllm:{model}",
        style=style,
        model=model,
        valid=not leftover,
        flags=("template_leftover",) if leftover else (),
    )


SOURCE = Source(
    title="LUPerson-MLLM",
    setting="captions",
    licence="luperson-mllm-research-only",
    access_status="open",
    release_allowed=False,
    modalities=("rgb",),
    root_names=("LUPerson_images", "LUPerson-T"),
    folders=(_FOLDER,),
    reported=(Reported(what="all", images=1_000_000, tag="M"),),
    read=_read,
    captions=_captions,
    examples={
        "LUPerson-MLLM/0012_3_45.jpg": {
            "person_key": "luperson_mllm:0012_3_45", "pid_raw": "0012_3_45", "pid_scope": "image", "split": "train",
            "cam_key": None,
        },
    },
)  # fmt: skip
