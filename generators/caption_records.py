"""Datasets of described persons: one JSON file lists every image with its person, its split and its captions.

One record: `{"split": "train", "id": 11003, "file_path": "train_query/p11600_s14885.jpg", "captions": ["A woman ..."],
"processed_tokens": [["a", "woman", ...]]}`; the tokens are optional, and an image has any number of captions. A source
says with a `RecordFile` how its own file differs, and makes a row of each usable record:

    FILE = RecordFile(source="rstpreid", names=("data_captions.json",), image_key="img_path")
    rows = FILE.rows(tree, lambda relpath, record: PersonImage(...))
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from generators.raw_names import Repeated, images_of, plain_text, strict_json, unknown_folder
from schemas.errors import BadRawData, BadTable
from schemas.rows import Caption, PersonImage, Reject
from schemas.source import RawTree

SPLITS = ("train", "val", "test")
_LARGEST_ID = 999_999_999
_PATH = re.compile(r"(?!/)(?!.*(?:^|/)\.{1,2}(?:/|$))[^\\\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Record:
    """One usable record: `path` as the file gives it, `split` in lower case."""

    path: str
    person: int
    split: str
    captions: list[Any]
    tokens: list[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """The record file of one source. The first of `names` that is there is read; its paths stand below `folder`.

    `digits` is the length that persons' numbers are filled up to in keys.
    """

    source: str
    names: tuple[str, ...]
    folder: str = "imgs"
    image_key: str = "file_path"
    splits: tuple[str, ...] = SPLITS
    digits: int = 5

    def rows(self, tree: RawTree, row: Callable[[str, Record], PersonImage | Reject]) -> Iterator[PersonImage | Reject]:
        """A row per record whose image is there; a refusal for other records and for images without a record."""
        on_disk = {file.relpath for file in images_of(tree)}
        listed: set[str] = set()
        for record in self.records(tree):
            if isinstance(record, Reject):
                yield record
                continue
            relpath = self.relpath(record)
            if relpath in on_disk:
                yield row(relpath, record)
            else:
                detail = "The record's image is not there."
                yield self.refusal("person_images", f"{self.source}/{relpath}", "missing_file", detail)
            listed.add(relpath)
        for relpath in sorted(on_disk - listed):
            yield self._unlisted(tree, relpath)

    def captions(self, tree: RawTree) -> Iterator[Caption | Reject]:
        """The captions of every usable record; records refused as person images are not refused again."""
        for record in self.records(tree):
            if isinstance(record, Record):
                yield from self._captions_of(record)

    def records(self, tree: RawTree) -> Iterator[Record | Reject]:
        """The usable records, each path once and each person in one split, and a refusal for every other one."""
        name = self.name(tree)
        try:
            found = _listed(tree, name)
        except (BadRawData, BadTable) as error:
            yield self.refusal("person_images", name, "damaged", str(error))
            return
        seen: set[str] = set()
        splits: dict[int, str] = {}
        for number, raw in enumerate(found, start=1):
            record = self._checked(raw, seen, splits)
            if isinstance(record, str):
                detail = f"Refused because {record}."
                yield self.refusal("person_images", f"{name} record {number}", "bad_record", detail)
                continue
            seen.add(self.relpath(record))
            yield record

    def name(self, tree: RawTree) -> str:
        """The name of the record file in this tree; the first of the usual ones when none is there."""
        there = {file.relpath for file in tree.files()} if len(self.names) > 1 else set()
        return next((name for name in self.names if name in there), self.names[0])

    def relpath(self, record: Record) -> str:
        """Where the record's image stands below the dataset root."""
        return record.path if record.path.startswith(f"{self.folder}/") else f"{self.folder}/{record.path}"

    def person_key(self, record: Record) -> str:
        """The key of the record's person."""
        return f"{self.source}:{record.person:0{self.digits}d}"

    def refusal(self, table: str, subject: str, reason: str, detail: str) -> Reject:
        """A refusal of this source."""
        return Reject(table=table, source=self.source, subject=subject, reason=reason, detail=detail)

    def _checked(self, raw: Any, seen: set[str], splits: dict[int, str]) -> Record | str:
        """A record, or what is wrong with it as the end of a sentence."""
        fault = self._fault(raw)
        if fault is not None:
            return fault
        tokens = raw.get("processed_tokens")
        record = Record(
            path=raw[self.image_key],
            person=raw["id"],
            split=raw["split"].lower(),
            captions=raw["captions"],
            tokens=tokens if isinstance(tokens, list) else None,
        )
        if self.relpath(record) in seen:
            return f"the image {record.path!r} has a record already"
        if splits.setdefault(record.person, record.split) != record.split:
            return f"its person {record.person} is of the split {splits[record.person]!r} in an earlier record"
        return record

    def _fault(self, raw: Any) -> str | None:
        if not isinstance(raw, dict):
            return f"it is {type(raw).__name__}, not an object"
        if isinstance(raw, Repeated):
            return "it gives a key twice"
        path, person, split, captions = (raw.get(name) for name in (self.image_key, "id", "split", "captions"))
        if not isinstance(path, str) or not is_relative(path):
            return f"its {self.image_key} {path!r} is no relative path"[:300]
        if type(person) is not int or not 0 <= person <= _LARGEST_ID:
            return f"its id {person!r} is not a person's number"[:300]
        if not isinstance(split, str) or split.lower() not in self.splits:
            return f"its split {split!r} is none of {', '.join(self.splits)}"[:300]
        if not isinstance(captions, list):
            return "its captions are not a list"
        return None

    def _unlisted(self, tree: RawTree, relpath: str) -> Reject:
        if not relpath.startswith(f"{self.folder}/"):
            return unknown_folder(self.source, relpath, (self.folder,))
        detail = f"No usable record of {self.name(tree)} names this image, so nobody knows whom it shows."
        return self.refusal("images", f"{self.source}/{relpath}", "unlisted", detail)

    def _captions_of(self, record: Record) -> Iterator[Caption | Reject]:
        image_id = f"{self.source}/{self.relpath(record)}"
        for index, raw in enumerate(record.captions):
            caption_id = f"{image_id}#{index}"
            text = plain_text(raw) if isinstance(raw, str) else ""
            if not any(letter.isalpha() for letter in text):
                detail = f"The caption {raw!r} says nothing."[:300]
                yield self.refusal("captions", caption_id, "empty", detail)
                continue
            yield Caption(
                caption_id=caption_id,
                image_id=image_id,
                person_key=self.person_key(record),
                caption_index=index,
                text_raw=storable(raw),
                text=text,
                processed_tokens=_words((record.tokens or [])[index : index + 1]),
            )


def is_relative(path: str) -> bool:
    """Whether a text is a plain path below a folder: printable, no steps up, no backslash."""
    return bool(_PATH.fullmatch(path)) and path.isprintable()


def storable(text: str) -> str:
    """The text with halves of surrogate pairs, which no file can hold, replaced."""
    return text.encode("utf-8", "replace").decode()


def _words(tokens: list[Any]) -> tuple[str, ...] | None:
    words = tokens[0] if tokens and isinstance(tokens[0], list) else None
    return tuple(storable(str(word)) for word in words) if words else None


def _listed(tree: RawTree, name: str) -> list[Any]:
    records = strict_json(tree.read(name), name)
    if not isinstance(records, list):
        raise BadTable(f"{name} holds {type(records).__name__}; a list of records was expected.")
    return records
